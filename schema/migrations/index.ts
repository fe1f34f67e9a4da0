// Written by "npm run db:generate".
export const latestMigration = { version: 46, name: 'hot_statements' } as const
