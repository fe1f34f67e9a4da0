// Written by "npm run db:generate".
export const latestMigration = { version: 48, name: 'fleet_regulation_indexes' } as const
