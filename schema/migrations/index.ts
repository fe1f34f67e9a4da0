// Written by "npm run db:generate".
export const latestMigration = { version: 68, name: 'hot_statements' } as const
