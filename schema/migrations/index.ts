// Written by "npm run db:generate".
export const latestMigration = { version: 28, name: 'claims_a_missing_picture' } as const
