// Written by "npm run db:generate".
export const latestMigration = { version: 12, name: 'retention' } as const
