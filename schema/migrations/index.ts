// Written by "npm run db:generate".
export const latestMigration = { version: 51, name: 'query_statistics_indexes' } as const
