// Written by "npm run db:generate".
export const latestMigration = { version: 30, name: 'top_bets_are_open_or_won' } as const
