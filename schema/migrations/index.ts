// Written by "npm run db:generate".
export const latestMigration = { version: 17, name: 'assignments_planned_faster' } as const
