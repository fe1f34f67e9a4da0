// Written by "npm run db:generate".
export const latestMigration = { version: 69, name: 'hot_statements' } as const
