// Written by "npm run db:generate".
export const latestMigration = { version: 31, name: 'every_change_emits_an_event' } as const
