// Written by "npm run db:generate".
export const latestMigration = { version: 57, name: 'runs_by_outcome_indexes' } as const
