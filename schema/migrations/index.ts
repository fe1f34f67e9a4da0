// Written by "npm run db:generate".
export const latestMigration = { version: 27, name: 'hot_statements' } as const
