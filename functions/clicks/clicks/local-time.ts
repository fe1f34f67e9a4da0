/** Making a format costs more than a redirect, and campaigns lie in few zones. */
const formats = new Map<string, Intl.DateTimeFormat>()
let last: { at: string; local: { day: string; hour: number } } | null = null

/** Day and hour on the clocks of a zone. */
export function localTime(timezone: string, now: Date): { day: string; hour: number } {
  const at = `${timezone} ${Math.floor(now.getTime() / 60_000)}`
  if (last?.at === at) return last.local
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  )
  const day = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`
  const local = { day, hour: Number(parts.get('hour')) }
  last = { at, local }
  return local
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const [year, month, day, hour] = ['numeric', '2-digit', '2-digit', '2-digit'] as const
  const format = new Intl.DateTimeFormat('en', { timeZone, year, month, day, hour, hourCycle: 'h23' })
  formats.set(timeZone, format)
  return format
}
