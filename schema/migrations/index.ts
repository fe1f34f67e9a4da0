// Written by "npm run db:generate".
export const latestMigration = { version: 38, name: 'hot_statements' } as const
