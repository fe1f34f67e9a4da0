/** The times that samples may have, counted from now. */
export const accepting = { past: '30 days', ahead: '5 minutes' } as const
