// Written by "npm run db:generate".
export const latestMigration = { version: 26, name: 'webhooks_get_their_own_schema' } as const
