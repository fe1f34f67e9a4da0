// Written by "npm run db:generate".
export const latestMigration = { version: 28, name: 'passes_over_what_is_missing' } as const
