// Written by "npm run db:generate".
export const latestMigration = { version: 33, name: 'figures_of_the_operator' } as const
