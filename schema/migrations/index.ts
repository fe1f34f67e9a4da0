// Written by "npm run db:generate".
export const latestMigration = { version: 29, name: 'limits_test_events' } as const
