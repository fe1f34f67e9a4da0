// Written by "npm run db:generate".
export const latestMigration = { version: 31, name: 'freshness_of_replicas' } as const
