// Written by "npm run db:generate".
export const latestMigration = { version: 65, name: 'hot_statements' } as const
