// Written by "npm run db:generate".
export const latestMigration = { version: 66, name: 'recount_once' } as const
