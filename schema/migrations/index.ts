// Written by "npm run db:generate".
export const latestMigration = { version: 37, name: 'fleet_indexes' } as const
