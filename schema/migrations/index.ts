// Written by "npm run db:generate".
export const latestMigration = { version: 30, name: 'ledger_events_and_fence' } as const
