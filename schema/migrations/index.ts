// Written by "npm run db:generate".
export const latestMigration = { version: 4, name: 'space_indexes' } as const
