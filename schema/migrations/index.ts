// Written by "npm run db:generate".
export const latestMigration = { version: 14, name: 'ledger_indexes' } as const
