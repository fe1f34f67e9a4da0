// Written by "npm run db:generate".
export const latestMigration = { version: 23, name: 'aggregates_wait_for_their_own_writers' } as const
