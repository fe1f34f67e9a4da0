// Written by "npm run db:generate".
export const latestMigration = { version: 21, name: 'ledger_numbered_under_the_lock' } as const
