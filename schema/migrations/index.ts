// Written by "npm run db:generate".
export const latestMigration = { version: 63, name: 'hot_statements' } as const
