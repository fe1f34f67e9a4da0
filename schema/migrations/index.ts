// Written by "npm run db:generate".
export const latestMigration = { version: 59, name: 'answers_of_nothing' } as const
