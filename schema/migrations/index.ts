// Written by "npm run db:generate".
export const latestMigration = { version: 33, name: 'accounts_by_money' } as const
