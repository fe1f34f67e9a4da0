// Written by "npm run db:generate".
export const latestMigration = { version: 34, name: 'fleet_indexes' } as const
