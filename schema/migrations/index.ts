// Written by "npm run db:generate".
export const latestMigration = { version: 33, name: 'lean_rules' } as const
