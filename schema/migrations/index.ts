// Written by "npm run db:generate".
export const latestMigration = { version: 62, name: 'hot_statements' } as const
