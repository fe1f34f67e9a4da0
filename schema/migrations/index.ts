// Written by "npm run db:generate".
export const latestMigration = { version: 35, name: 'fleet_indexes' } as const
