// Written by "npm run db:generate".
export const latestMigration = { version: 19, name: 'ledger_one_event_needs_no_set' } as const
