// Written by "npm run db:generate".
export const latestMigration = { version: 28, name: 'covers_and_passes_over' } as const
