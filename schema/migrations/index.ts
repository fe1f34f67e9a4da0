// Written by "npm run db:generate".
export const latestMigration = { version: 15, name: 'ledger_tenants_of_every_view' } as const
