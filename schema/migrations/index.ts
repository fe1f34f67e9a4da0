// Written by "npm run db:generate".
export const latestMigration = { version: 58, name: 'hot_statements' } as const
