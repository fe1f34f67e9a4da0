// Written by "npm run db:generate".
export const latestMigration = { version: 37, name: 'hot_statements' } as const
