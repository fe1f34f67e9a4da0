// Written by "npm run db:generate".
export const latestMigration = { version: 66, name: 'void_commands_and_alerts' } as const
