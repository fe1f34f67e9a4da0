// Written by "npm run db:generate".
export const latestMigration = { version: 20, name: 'assignments_see_who_gave_back' } as const
