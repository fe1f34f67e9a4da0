// Written by "npm run db:generate".
export const latestMigration = { version: 39, name: 'fleet_indexes' } as const
