/** A stretch of time until now, whose ends move on in steps: each other end is another question to the API. */
export function windowOf(at: number, { hours, stepMs }: Stretch): { from: string; to: string } {
  const end = Math.ceil(at / stepMs) * stepMs
  return { from: new Date(end - hours * hourMs).toISOString(), to: new Date(end).toISOString() }
}

export type Stretch = { hours: number; stepMs: number }

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
