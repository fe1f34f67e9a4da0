// Written by "npm run db:generate".
export const latestMigration = { version: 35, name: 'pauses_of_jobs_indexes' } as const
