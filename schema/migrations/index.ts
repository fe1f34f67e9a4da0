// Written by "npm run db:generate".
export const latestMigration = { version: 33, name: 'hot_statements' } as const
