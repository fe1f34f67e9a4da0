// Written by "npm run db:generate".
export const latestMigration = { version: 45, name: 'hot_statements' } as const
