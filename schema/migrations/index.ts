// Written by "npm run db:generate".
export const latestMigration = { version: 24, name: 'feeds_wait_for_their_own_writers' } as const
