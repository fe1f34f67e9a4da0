// Written by "npm run db:generate".
export const latestMigration = { version: 66, name: 'what_readers_found' } as const
