// Written by "npm run db:generate".
export const latestMigration = { version: 66, name: 'commands_of_an_old_epoch' } as const
