// Written by "npm run db:generate".
export const latestMigration = { version: 10, name: 'couriers_are_judged_by_their_newest_row' } as const
