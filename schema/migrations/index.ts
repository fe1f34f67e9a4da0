// Written by "npm run db:generate".
export const latestMigration = { version: 27, name: 'keys_say_whole_transfers' } as const
