// Written by "npm run db:generate".
export const latestMigration = { version: 34, name: 'hot_statements' } as const
