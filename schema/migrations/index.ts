// Written by "npm run db:generate".
export const latestMigration = { version: 64, name: 'hot_statements' } as const
