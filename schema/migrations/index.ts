// Written by "npm run db:generate".
export const latestMigration = { version: 32, name: 'clicks_indexes' } as const
