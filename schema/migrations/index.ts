// Written by "npm run db:generate".
export const latestMigration = { version: 18, name: 'ledger_statement_in_reading_order' } as const
