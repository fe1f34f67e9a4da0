// Written by "npm run db:generate".
export const latestMigration = { version: 28, name: 'retention_by_btree' } as const
