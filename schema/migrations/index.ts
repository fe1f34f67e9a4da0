// Written by "npm run db:generate".
export const latestMigration = { version: 55, name: 'postbacks_of_a_source' } as const
