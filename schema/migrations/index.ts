// Written by "npm run db:generate".
export const latestMigration = { version: 42, name: 'inline_rules_of_clicks' } as const
