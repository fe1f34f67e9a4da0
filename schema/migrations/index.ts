// Written by "npm run db:generate".
export const latestMigration = { version: 33, name: 'fleet_indexes' } as const
