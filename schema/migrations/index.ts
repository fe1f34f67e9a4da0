// Written by "npm run db:generate".
export const latestMigration = { version: 43, name: 'hot_statements' } as const
