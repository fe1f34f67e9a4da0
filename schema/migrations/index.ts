// Written by "npm run db:generate".
export const latestMigration = { version: 29, name: 'errors_keep_people_out_of_the_log' } as const
