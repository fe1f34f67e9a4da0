import type { z } from 'zod'
import type { Balance, BalanceThen } from '../../functions/ledger/accounts/contract.ts'
import type { Activity } from '../../functions/ledger/reports/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Money, Value } from '../parts/value.tsx'
import { useBookChanges } from './changes.ts'
import { BooksSections, Sum, userHref } from './words.tsx'

type Balances = { data: z.infer<typeof Balance>[] }
type Then = { data: z.infer<typeof BalanceThen>[] }
type Activities = z.infer<typeof Activity>

/** One user of the tenant: money now and at any time, and what it did. */
export function page({ params: { userId = '' } }: { params: Record<string, string> }) {
  const base = `/v1/ledger/users/${encodeURIComponent(userId)}`
  const balances = useResource<Balances>(`${base}/balances`)
  const activity = useResource<Activities>(`${base}/activity`, { every: 60 })
  const feed = useBookChanges(balances.reload)
  return (
    <Page
      title={`User ${userId}`}
      sentence="The money of one user, now and at any time before, with each entry that made it."
    >
      <BooksSections />
      <Grid>
        <Now of={balances} userId={userId} isAway={feed.value === 'away'} />
        <AtATime base={base} />
        <Did of={activity} />
      </Grid>
    </Page>
  )
}

function Now({ of, userId, isAway }: { of: Resource<Balances>; userId: string; isAway: boolean }) {
  return (
    <Panel
      title="Balances now"
      of={of}
      size={3}
      wide
      stale={() => isAway}
      empty={{ when: ({ data }) => data.length === 0, why: 'This user has no account in any currency.' }}
    >
      {({ data }) => (
        <Table
          caption="Balances now, by currency"
          rows={data}
          rowKey={({ currency }) => currency}
          columns={[
            { name: 'Currency', cell: ({ currency }) => currency },
            ...(
              [
                ['Available', 'availableMinor'],
                ['Reserved', 'reservedMinor'],
                ['Balance', 'balanceMinor'],
              ] as const
            ).map(([name, field]) => ({
              name,
              numeric: true,
              cell: (row: Balances['data'][number], index: number) => (
                <Money at={`${of.path}#data.${index}.${field}`} minor={row[field]} currency={row.currency} />
              ),
            })),
            {
              name: 'State',
              cell: ({ quarantined, mayGoNegative }) =>
                quarantined ? (
                  <Badge word="quarantined" tone="bad" title="Debits are refused" />
                ) : mayGoNegative ? (
                  <Badge word="overdraft allowed" tone="warn" />
                ) : (
                  <Badge word="in order" tone="ok" />
                ),
            },
            {
              name: 'Entries',
              cell: ({ currency }) => (
                <a href={`${userHref(userId)}/statement?currency=${encodeURIComponent(currency)}`}>
                  Statement<span class="visually-hidden"> in {currency}</span>
                </a>
              ),
            },
          ]}
        />
      )}
    </Panel>
  )
}

/** The moment stands in the address, in UTC, so that a link shows the same to everybody. */
function AtATime({ base }: { base: string }) {
  const ts = route.value.query.get('at') ?? ''
  const basis = route.value.query.get('basis') === 'effective' ? 'effective' : 'recorded'
  const path = `${base}/balances/at?ts=${encodeURIComponent(ts)}&basis=${basis}`
  const then = useResource<Then>(path, { wanted: ts !== '' })
  const tools = (
    <div class="filters">
      <label>
        <span>Time (UTC)</span>
        <input
          type="datetime-local"
          step="1"
          value={ts.replace(/(\.\d+)?Z$/, '')}
          onChange={({ currentTarget: { value } }) =>
            setQuery({ at: value === '' ? null : `${value.length === 16 ? `${value}:00` : value}Z` })
          }
        />
      </label>
      <label>
        <span>By</span>
        <select value={basis} onChange={(event) => setQuery({ basis: event.currentTarget.value })}>
          <option value="recorded">when recorded</option>
          <option value="effective">when in effect</option>
        </select>
      </label>
    </div>
  )
  if (ts === '')
    return (
      <section class="panel size-3" aria-label="Balances at a time">
        <header>
          <h2>Balances at a time</h2>
          {tools}
        </header>
        <p class="muted">Choose a moment: the balances are computed from the events up to then.</p>
      </section>
    )
  return (
    <Panel
      title="Balances at a time"
      of={then}
      size={3}
      tools={tools}
      empty={{ when: ({ data }) => data.length === 0, why: 'The user had no account at that time.' }}
    >
      {({ data }) => (
        <Table
          caption="Balances at that time"
          rows={data}
          rowKey={({ currency }) => currency}
          columns={(
            [
              ['Available', 'availableMinor'],
              ['Reserved', 'reservedMinor'],
              ['Balance', 'balanceMinor'],
            ] as const
          ).map(([name, field]) => ({
            name,
            numeric: true,
            cell: (row: Then['data'][number], index: number) => (
              <Money at={`${path}#data.${index}.${field}`} minor={row[field]} currency={row.currency} />
            ),
          }))}
        />
      )}
    </Panel>
  )
}

function Did({ of }: { of: Resource<Activities> }) {
  return (
    <Panel
      title="Activity"
      of={of}
      size={3}
      asOf={({ asOf }) => asOf}
      stale={({ stale }) => stale}
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'The report has nothing of this user. It is refreshed every few minutes.',
      }}
    >
      {({ data }) => (
        <Table
          caption="Activity by currency"
          rows={data}
          rowKey={({ currency }) => currency}
          columns={[
            { name: 'Currency', cell: ({ currency }) => currency },
            {
              name: 'Bets',
              numeric: true,
              cell: ({ bets }, index) => <Value at={`${of.path}#data.${index}.bets`} value={bets} />,
            },
            {
              name: 'Staked',
              numeric: true,
              cell: ({ stakeMinor, currency }, index) => (
                <Sum at={`${of.path}#data.${index}.stakeMinor`} minor={stakeMinor} currency={currency} />
              ),
            },
            {
              name: 'Paid out',
              numeric: true,
              cell: ({ payoutMinor, currency }, index) => (
                <Sum at={`${of.path}#data.${index}.payoutMinor`} minor={payoutMinor} currency={currency} />
              ),
            },
            { name: 'Last seen', cell: ({ lastSeenAt }) => <Ago iso={lastSeenAt} /> },
          ]}
        />
      )}
    </Panel>
  )
}
