import type { Tone } from '../parts/badge.tsx'

const tones: Record<string, Tone> = {
  active: 'ok',
  paused: 'warn',
  archived: 'unknown',
  valid: 'ok',
  general: 'bad',
  sophisticated: 'bad',
  click: 'plain',
  preview: 'unknown',
  fallback: 'unknown',
  pending: 'plain',
  approved: 'ok',
  rejected: 'bad',
  reversed: 'bad',
  open: 'warn',
  matched: 'ok',
  expired: 'unknown',
  waiting: 'plain',
  delivered: 'ok',
  dead: 'bad',
  draft: 'plain',
  retired: 'unknown',
  running: 'accent',
  done: 'ok',
  failed: 'bad',
}

export const toneOf = (state: string): Tone => tones[state] ?? 'plain'
