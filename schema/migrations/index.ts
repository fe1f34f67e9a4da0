// Written by "npm run db:generate".
export const latestMigration = { version: 22, name: 'ledger_current_version_read_once_a_stream' } as const
