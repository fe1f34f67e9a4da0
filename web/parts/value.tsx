import { computed, type ReadonlySignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
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
export function Ago({ at, iso }: { at?: string; iso: Moment }) {
  const [text, title] = [useText(agoOf, iso), useText(titleOf, iso)]
  if (iso === null) return <Unknown {...(at !== undefined && { at })} />
  return (
    <time dateTime={new Date(iso).toISOString()} title={title} data-at={at}>
      {text}
    </time>
  )
}

/** The time until a moment, such as the end of a lease. */
export function Left({ at, iso }: { at?: string; iso: string }) {
  const [text, title, look] = [useText(leftOf, iso), useText(titleOf, iso), useText(lookOf, iso)]
  return (
    <time class={look} dateTime={iso} title={title} data-at={at}>
      {text}
    </time>
  )
}

type Moment = string | number | null

/** Follows the clock by itself: a list of a thousand ages is not drawn again because a second has passed. */
function useText(textOf: (ms: number) => string, iso: Moment): ReadonlySignal<string> {
  return useMemo(() => computed(() => (iso === null ? '' : textOf(new Date(iso).getTime()))), [iso])
}

function agoOf(then: number): string {
  const ms = now.value - then
  if (Math.abs(ms) < 1_500) return 'just now'
  return ms < 0 ? `in ${coarse(-ms)}` : `${coarse(ms)} ago`
}

function leftOf(then: number): string {
  const ms = then - now.value
  return ms <= 0 ? 'over' : `${coarse(ms)} left`
}

const lookOf = (then: number) => (then - now.value < 15_000 ? 'left late' : 'left')
const titleOf = (then: number) => moment(then)

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
