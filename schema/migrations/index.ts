// Written by "npm run db:generate".
export const latestMigration = { version: 49, name: 'click_cost_of_version' } as const
