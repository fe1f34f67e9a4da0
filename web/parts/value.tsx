import type { ComponentChildren } from 'preact'
import { now } from './clock.ts'
import { duration, money, number } from './numbers.ts'
import { day, moment, zone } from './times.ts'

/*
 * Every shown value: with unit, and with the place that it came from. `at` is `<path>#<pointer>`, for example
 * `/v1/space/iss#altitudeKm` or `/v1/space/neo#data.0.missDistanceKm`; a test compares the two. Null is "unknown".
 */

type Shown = { at: string; title?: string }

export function Value({
  at,
  value,
  unit,
  title,
}: Shown & { value: number | null | undefined; unit?: string | undefined }) {
  if (value === null || value === undefined) return <Unknown at={at} />
  return (
    <data class="value" value={value} data-at={at} title={title}>
      {number(value)}
      {unit !== undefined && <span class="unit">{unit === '°' ? unit : `\u00a0${unit}`}</span>}
    </data>
  )
}

/** An exact decimal, which the API gives as a text. */
export function Decimal({ at, value }: Shown & { value: string }) {
  return (
    <data class="value" value={value} data-at={at}>
      {value}
    </data>
  )
}

/** Computed here from members of the answer, which stand at `from`. */
export function Computed({ from, children }: { from: string; children: ComponentChildren }) {
  return (
    <span class="value" data-from={from}>
      {children}
    </span>
  )
}

export function Money({ at, minor, currency }: Shown & { minor: number; currency: string }) {
  return (
    <data class="value" value={minor} data-at={at}>
      {money(minor, currency)}
    </data>
  )
}

export function Unknown({ at, why }: { at?: string; why?: string }) {
  return (
    <span class="unknown nowrap" data-at={at} title={why}>
      unknown
    </span>
  )
}

/** A moment, written with its zone; the title has the other zone. */
export function When({ at, iso, short = true }: { at?: string; iso: string | null; short?: boolean }) {
  if (iso === null) return <Unknown {...(at !== undefined && { at })} />
  const other = zone.value === 'UTC' ? 'local' : 'UTC'
  return (
    <time dateTime={iso} title={moment(iso, { inZone: other })} data-at={at}>
      {moment(iso, { short })}
    </time>
  )
}

export function Day({ at, iso }: { at?: string; iso: string | null }) {
  if (iso === null) return <Unknown {...(at !== undefined && { at })} />
  return (
    <time dateTime={iso} data-at={at}>
      {day(iso)}
    </time>
  )
}

/** How long ago, by the server's clock. It moves by itself. */
export function Ago({ at, iso }: { at?: string; iso: string | number | null }) {
  if (iso === null) return <Unknown {...(at !== undefined && { at })} />
  const then = new Date(iso)
  const ms = now.value - then.getTime()
  return (
    <time dateTime={then.toISOString()} title={moment(then.getTime())} data-at={at}>
      {ms < 1_500 && ms > -1_500 ? 'just now' : ms < 0 ? `in ${coarse(-ms)}` : `${coarse(ms)} ago`}
    </time>
  )
}

/** The time until a moment, such as the end of a lease. */
export function Left({ at, iso }: { at?: string; iso: string }) {
  const ms = new Date(iso).getTime() - now.value
  return (
    <time class={ms < 15_000 ? 'left late' : 'left'} dateTime={iso} title={moment(iso)} data-at={at}>
      {ms <= 0 ? 'over' : `${coarse(ms)} left`}
    </time>
  )
}

function coarse(ms: number): string {
  return duration(Math.max(1_000, Math.round(ms / 1_000) * 1_000))
}

/** Name and value in two aligned columns. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
