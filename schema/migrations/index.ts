// Written by "npm run db:generate".
export const latestMigration = { version: 16, name: 'lost_claims_by_time' } as const
