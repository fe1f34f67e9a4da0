// Written by "npm run db:generate".
export const latestMigration = { version: 32, name: 'locks_with_two_keys' } as const
