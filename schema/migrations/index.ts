// Written by "npm run db:generate".
export const latestMigration = { version: 4, name: 'reading_order_and_core_indexes_indexes' } as const
