// Written by "npm run db:generate".
export const latestMigration = { version: 29, name: 'less_for_the_worker' } as const
