import { setTimeout as delay } from 'node:timers/promises'

/** An event that takes milliseconds on a quiet machine may take seconds on a busy one; vitest itself waits one second. */
export const soon = { timeout: 30_000, interval: 50 } as const

/** As long as /readyz keeps an answer: a probe after it begins a check of its own. */
export const anAnswersTime = () => delay(1_010)
