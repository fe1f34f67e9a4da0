// Written by "npm run db:generate".
export const latestMigration = { version: 31, name: 'partitions_have_one_keeper' } as const
