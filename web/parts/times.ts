import { locale } from './numbers.ts'
import { onceFor } from './once-for.ts'
import { remembered } from './remembered.ts'

/** `t` switches between local time and UTC. The zone is always written. */
export const zone = remembered<'local' | 'UTC'>('zone', 'local')

export function switchZone(): void {
  zone.value = zone.value === 'UTC' ? 'local' : 'UTC'
}

const local = Intl.DateTimeFormat().resolvedOptions().timeZone

/** To make a form costs a hundred times as much as to write with it, and a list writes a thousand times. */
const formOf = onceFor((kind: keyof typeof kinds) =>
  onceFor((timeZone: string) => new Intl.DateTimeFormat(locale, { ...kinds[kind], hour12: false, timeZone })),
)

const [minutes, seconds] = [{ hour: '2-digit', minute: '2-digit' }, { second: '2-digit' }] as const
const date = { year: 'numeric', month: 'short', day: 'numeric' } as const
const named = { timeZoneName: 'short' } as const
const kinds = {
  moment: { ...date, ...minutes, ...seconds, ...named },
  shortMoment: { ...date, ...minutes, ...named },
  time: { ...minutes, ...seconds },
  shortTime: minutes,
  day: date,
  shortDay: { month: 'short', day: 'numeric' },
} as const

const zoneOf = (inZone: typeof zone.value) => (inZone === 'UTC' ? 'UTC' : local)

/** `27 Nov 2026, 21:04:05 UTC`; without seconds if `short`. */
export function moment(iso: string | number, { inZone = zone.value, short = false } = {}): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return 'unknown time'
  return formOf(short ? 'shortMoment' : 'moment')(zoneOf(inZone)).format(at)
}

/** `21:04`, for axes and rows of one day. */
export function timeOfDay(iso: string | number, { seconds: exact = false } = {}): string {
  return formOf(exact ? 'time' : 'shortTime')(zoneOf(zone.value)).format(new Date(iso))
}

export function day(iso: string | number): string {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(String(iso))
  return formOf('day')(isDate ? 'UTC' : zoneOf(zone.value)).format(new Date(iso))
}

/** `27 Nov`, for axes. */
export function shortDay(ms: number): string {
  return formOf('shortDay')(zoneOf(zone.value)).format(ms)
}
