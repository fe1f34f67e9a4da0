// Written by "npm run db:generate".
export const latestMigration = { version: 27, name: 'orders_are_due_when_ready_or_later' } as const
