// Written by "npm run db:generate".
export const latestMigration = { version: 30, name: 'appended_bets_hold_their_stake' } as const
