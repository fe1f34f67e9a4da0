// Written by "npm run db:generate".
export const latestMigration = { version: 34, name: 'claims_a_picture_and_limits_tests' } as const
