// Written by "npm run db:generate".
export const latestMigration = { version: 25, name: 'retention_waits_for_every_reader' } as const
