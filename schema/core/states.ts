export const runTriggers = ['cron', 'manual'] as const

export const runOutcomes = ['running', 'ok', 'skipped', 'failed'] as const
