// Written by "npm run db:generate".
export const latestMigration = { version: 5, name: 'answers_and_runs_are_settled' } as const
