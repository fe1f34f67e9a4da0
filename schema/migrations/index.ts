// Written by "npm run db:generate".
export const latestMigration = { version: 41, name: 'clicks_indexes' } as const
