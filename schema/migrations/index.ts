// Written by "npm run db:generate".
export const latestMigration = { version: 42, name: 'hot_statements' } as const
