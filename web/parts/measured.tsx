import { duration, milliseconds, number } from './numbers.ts'
import { Unknown } from './value.tsx'

type Measured = { at: string; value: number | null; why?: string }

/** Milliseconds of a call or a run. */
export function Ms({ at, value, why }: Measured) {
  if (value === null) return <Unknown at={at} {...(why !== undefined && { why })} />
  return (
    <data class="value nowrap" value={value} data-at={at}>
      {milliseconds(value)}
    </data>
  )
}

/** A span of time that the API gives in seconds. */
export function Seconds({ at, value, why }: Measured) {
  if (value === null) return <Unknown at={at} {...(why !== undefined && { why })} />
  return (
    <data class="value nowrap" value={value} data-at={at}>
      {duration(value * 1_000)}
    </data>
  )
}

/** A share between 0 and 1. */
export function Share({ at, value, why }: Measured) {
  if (value === null) return <Unknown at={at} {...(why !== undefined && { why })} />
  return (
    <data class="value" value={value} data-at={at}>
      {number(Math.round(value * 1_000) / 10)}
      <span class="unit">{'\u00a0%'}</span>
    </data>
  )
}
