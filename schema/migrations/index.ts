// Written by "npm run db:generate".
export const latestMigration = { version: 37, name: 'clicks_indexes' } as const
