import type { z } from 'zod'
import type { StatsRow } from '../../functions/clicks/stats/contract.ts'
import { counted, money, number } from '../parts/numbers.ts'

type Row = z.infer<typeof StatsRow>

const steps = [
  { name: 'clicks', label: 'Clicks', what: 'each followed link, bots too' },
  { name: 'unique', label: 'Unique', what: 'the first of a visitor on a UTC day' },
  { name: 'valid', label: 'Valid', what: 'no rule made them invalid' },
  { name: 'conversions', label: 'Conversions', what: 'reported by the networks' },
] as const

/** Each step with its share of the clicks, and the money in each currency. */
export function Funnel({ rows, at }: { rows: readonly Row[]; at: string }) {
  const sum = (name: (typeof steps)[number]['name'] | 'bots' | 'previews' | 'fallbacks' | 'unkeyed') =>
    rows.reduce((all, row) => all + row[name], 0)
  const clicks = sum('clicks')
  return (
    <>
      <ol class="funnel">
        {steps.map(({ name, label, what }) => {
          const value = sum(name)
          const share = clicks === 0 ? 0 : (value / clicks) * 100
          return (
            <li key={name}>
              <span>
                {label} <span class="muted">{what}</span>
              </span>
              <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none">
                <rect width="100" height="8" />
                <rect class="accent" width={Math.min(share, 100)} height="8" />
              </svg>
              <span>
                <data class="big" value={value} data-sum={`${at}.*.${name}`}>
                  {number(value)}
                </data>{' '}
                <span class="muted">{clicks === 0 ? '' : `${number(share)} %`}</span>
              </span>
            </li>
          )
        })}
      </ol>
      <p class="muted">
        Beside them: {counted(sum('bots'), 'click')} of bots, {counted(sum('previews'), 'preview')},{' '}
        {counted(sum('fallbacks'), 'visitor')} for whom no offer was, {counted(sum('unkeyed'), 'click')} of
        visitors who want privacy.
      </p>
      <p>
        {rows.map(({ currency, revenueMinor, costMinor, profitMinor }, index) => (
          <span key={currency}>
            {index > 0 && ' · '}
            Revenue {money(revenueMinor, currency)}, cost {money(costMinor, currency)}, profit{' '}
            {money(profitMinor, currency)}
          </span>
        ))}
      </p>
    </>
  )
}
