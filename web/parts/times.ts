import { locale } from './numbers.ts'
import { remembered } from './remembered.ts'

/** `t` switches between local time and UTC. The zone is always written. */
export const zone = remembered<'local' | 'UTC'>('zone', 'local')

export function switchZone(): void {
  zone.value = zone.value === 'UTC' ? 'local' : 'UTC'
}

const local = Intl.DateTimeFormat().resolvedOptions().timeZone

/** `27 Nov 2026, 21:04:05 UTC`; without seconds if `short`. */
export function moment(iso: string | number, { inZone = zone.value, short = false } = {}): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return 'unknown time'
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(short ? {} : { second: '2-digit' }),
    hour12: false,
    timeZone: inZone === 'UTC' ? 'UTC' : local,
    timeZoneName: 'short',
  }).format(date)
}

/** `21:04`, for axes and rows of one day. */
export function timeOfDay(iso: string | number, { seconds = false } = {}): string {
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds && { second: '2-digit' }),
    hour12: false,
    timeZone: zone.value === 'UTC' ? 'UTC' : local,
  }).format(new Date(iso))
}

export function day(iso: string | number): string {
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    timeZone: /^\d{4}-\d\d-\d\d$/.test(String(iso)) || zone.value === 'UTC' ? 'UTC' : local,
  }).format(new Date(iso))
}
