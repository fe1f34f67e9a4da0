// Written by "npm run db:generate".
export const latestMigration = { version: 54, name: 'order_of_accounts' } as const
