// Written by "npm run db:generate".
export const latestMigration = { version: 44, name: 'hot_statements' } as const
