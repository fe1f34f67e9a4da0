// Written by "npm run db:generate".
export const latestMigration = { version: 28, name: 'account_for_ingested_messages_indexes' } as const
