import { number } from './numbers.ts'
import { Unknown } from './value.tsx'

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** A size in the largest unit that leaves at least one. Its value stays the bytes of the answer. */
export function Bytes({ at, value }: { at: string; value: number | null }) {
  if (value === null) return <Unknown at={at} />
  const step = Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)
  const place = Math.min(units.length - 1, step)
  return (
    <data class="value" value={value} data-at={at}>
      {number(value / 1000 ** place)}
      <span class="unit">{`\u00a0${units[place]}`}</span>
    </data>
  )
}
