/** An event that takes milliseconds on a quiet machine may take seconds on a busy one; vitest itself waits one second. */
export const soon = { timeout: 30_000, interval: 20 } as const
