// Written by "npm run db:generate".
export const latestMigration = { version: 69, name: 'a_standby_shows_what_has_ended' } as const
