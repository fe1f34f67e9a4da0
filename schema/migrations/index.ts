// Written by "npm run db:generate".
export const latestMigration = { version: 29, name: 'hot_statements' } as const
