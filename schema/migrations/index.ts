// Written by "npm run db:generate".
export const latestMigration = { version: 27, name: 'replays_have_their_position' } as const
