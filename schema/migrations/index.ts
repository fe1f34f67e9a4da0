// Written by "npm run db:generate".
export const latestMigration = { version: 30, name: 'hot_statements' } as const
