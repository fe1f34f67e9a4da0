import type { Tone } from '../parts/badge.tsx'

/** How states of the fleet are shown everywhere. */
const tones: Record<string, Tone> = {
  dosed: 'accent',
  in_range: 'ok',
  cooldown: 'plain',
  opposed: 'plain',
  unacknowledged: 'warn',
  no_actuator: 'bad',
  budget_exhausted: 'bad',
  stale: 'warn',
  suspect: 'warn',
  no_value: 'unknown',
  no_target: 'unknown',
  manual: 'unknown',
  maintenance: 'unknown',
  disabled: 'unknown',
  auto: 'ok',
  ACTIVE: 'ok',
  DEGRADED: 'bad',
  MAINTENANCE: 'unknown',
  DECOMMISSIONED: 'unknown',
  ASSIGNED_TO_ZONE: 'plain',
  REGISTERED_BACKEND: 'plain',
  DONE: 'ok',
  NO_EFFECT: 'warn',
  ERROR: 'bad',
  BUSY: 'warn',
  TIMEOUT: 'bad',
  EXPIRED: 'warn',
  QUEUED: 'plain',
  SENT: 'plain',
  ACK: 'accent',
  good: 'ok',
  stuck: 'bad',
  critical: 'bad',
  warning: 'warn',
}

export const toneOf = (state: string): Tone => tones[state] ?? 'plain'

/** `in_range` is `in range`, `NO_EFFECT` is `no effect`. */
export const wordOf = (state: string): string => state.toLowerCase().replaceAll('_', ' ')
