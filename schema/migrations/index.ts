// Written by "npm run db:generate".
export const latestMigration = { version: 61, name: 'hot_statements' } as const
