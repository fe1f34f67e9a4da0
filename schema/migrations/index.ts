// Written by "npm run db:generate".
export const latestMigration = { version: 5, name: 'outbox' } as const
