// Written by "npm run db:generate".
export const latestMigration = { version: 32, name: 'the_index_of_days' } as const
