// Written by "npm run db:generate".
export const latestMigration = { version: 2, name: 'core_and_dispatch_indexes' } as const
