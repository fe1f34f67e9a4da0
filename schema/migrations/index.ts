// Written by "npm run db:generate".
export const latestMigration = { version: 11, name: 'webhook_tries' } as const
