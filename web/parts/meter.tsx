import { number } from './numbers.ts'

/** An amount of its budget, as numbers and as a bar. A budget that is used up says so. */
export function Meter({ at, used, of, unit }: { at: string; used: number; of: number; unit: string }) {
  const share = of <= 0 ? 100 : Math.min(100, (used / of) * 100)
  const isFull = share > 99.9
  return (
    <span class="meter">
      <svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none">
        <rect width="100" height="6" />
        <rect class={isFull ? 'bad' : share > 80 ? 'warn' : 'accent'} width={share} height="6" />
      </svg>
      <span>
        <data value={used} data-at={at}>
          {number(used)}
        </data>{' '}
        of {number(of)} {unit}
        {isFull && ', used up'}
      </span>
    </span>
  )
}
