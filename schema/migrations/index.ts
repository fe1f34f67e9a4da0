// Written by "npm run db:generate".
export const latestMigration = { version: 63, name: 'recounts_of_views' } as const
