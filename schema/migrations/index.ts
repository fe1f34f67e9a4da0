// Written by "npm run db:generate".
export const latestMigration = { version: 8, name: 'lost_claims_have_their_table' } as const
