// Written by "npm run db:generate".
export const latestMigration = { version: 35, name: 'clicks_indexes' } as const
