export const runTriggers = ['cron', 'manual'] as const

export const runOutcomes = ['running', 'ok', 'skipped', 'failed'] as const

export const alertStates = ['pending', 'firing', 'unknown', 'resolved'] as const

export const alertSeverities = ['warning', 'critical'] as const

/** The last state that was sent to receivers. */
export const notifiedStates = ['firing', 'unknown', 'resolved'] as const
