// Written by "npm run db:generate".
export const latestMigration = { version: 50, name: 'alerts_of_rules_indexes' } as const
