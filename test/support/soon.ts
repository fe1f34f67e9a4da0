/** What comes in milliseconds on a quiet machine may take seconds on a busy one; vitest's own patience is one second. */
export const soon = { timeout: 30_000, interval: 20 } as const
