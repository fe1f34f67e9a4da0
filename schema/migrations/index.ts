// Written by "npm run db:generate".
export const latestMigration = { version: 9, name: 'assignments' } as const
