// Written by "npm run db:generate".
export const latestMigration = { version: 53, name: 'alerts_of_rules_indexes' } as const
