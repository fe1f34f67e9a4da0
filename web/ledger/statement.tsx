import type { z } from 'zod'
import type { Entry } from '../../functions/ledger/accounts/contract.ts'
import { Chart } from '../parts/chart.tsx'
import { now } from '../parts/clock.ts'
import { useGrown } from '../parts/grown.ts'
import { NewRows, ReadLater } from '../parts/list.tsx'
import { money, number } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { nameOf, principal } from '../parts/session.ts'
import { type Column, Table } from '../parts/table.tsx'
import { Money, When } from '../parts/value.tsx'
import { useBookChanges } from './changes.ts'
import { BooksSections, eventWords } from './words.tsx'

type Line = z.infer<typeof Entry>
type Lines = { data: Line[]; nextCursor: string | null }

/** The entries of one account with the running balance, for the screen and for paper. */
export function page({ params: { userId = '' } }: { params: Record<string, string> }) {
  const { query } = route.value
  const currency = query.get('currency') ?? 'USD'
  const asked = new URLSearchParams({ currency, limit: '100' })
  for (const name of ['from', 'to']) {
    const value = query.get(name)
    if (value) asked.set(name, value)
  }
  const path = `/v1/ledger/users/${encodeURIComponent(userId)}/statement?${asked}`
  const first = useResource<Lines>(path)
  const feed = useBookChanges(first.reload)
  const list = useGrown(path, first, ({ id }) => id)
  const showNew = () => {
    list.restart()
    void first.reload()
  }

  return (
    <Page
      title={`Statement of ${userId} in ${currency}`}
      sentence="Each entry of the account with the balance after it, newest first. Print it: all loaded entries are on the paper."
      tools={
        <div class="buttons">
          <button type="button" onClick={() => print()}>
            Print
          </button>
        </div>
      }
    >
      <BooksSections />
      <Printed />
      <Panel
        title="Entries"
        of={first}
        size={5}
        wide
        stale={() => feed.value === 'away'}
        tools={<Range />}
        empty={{ when: ({ data }) => data.length === 0, why: 'The account has no entries in this range.' }}
      >
        {(newest) => {
          const { rows: lines, places, next, fresh, isOld } = list.of(newest)
          return (
            <>
              <NewRows count={fresh.length} isOld={isOld} show={showNew} />
              <Course lines={lines} currency={currency} />
              <Table
                caption="Entries, newest first"
                rows={lines}
                rowKey={({ id }) => id}
                at={(_, index) => places[index] ?? ''}
                columns={columnsOf(currency)}
                pure
              />
              {list.problem.value && <Failure problem={list.problem.value} />}
              <footer class="list-end">
                <p class="muted">
                  {next === null ? `All ${number(lines.length)}` : `The newest ${number(lines.length)}`}{' '}
                  entries, newest first. <ReadLater at={list.readAt} />
                </p>
                {next !== null && (
                  <div class="buttons">
                    <button type="button" disabled={list.busy.value} onClick={() => void list.grow()}>
                      Show more
                    </button>
                    <button type="button" disabled={list.busy.value} onClick={() => void list.grow(true)}>
                      Load all, for paper
                    </button>
                  </div>
                )}
              </footer>
            </>
          )
        }}
      </Panel>
    </Page>
  )
}

/** Follows the clock by itself, so that the entries are not drawn again each second. */
function Printed() {
  return (
    <p class="on-paper">
      {principal.value && nameOf(principal.value)} · printed <When iso={new Date(now.value).toISOString()} />
    </p>
  )
}

/** The balance as steps: it holds between two entries. */
function Course({ lines, currency }: { lines: readonly Line[]; currency: string }) {
  const rising = lines.toReversed()
  const show = (minor: number) => money(minor, currency)
  if (rising.length < 2) return null
  return (
    <Chart
      title={`Balance in ${currency}`}
      times={rising.map(({ recordedAt }) => Date.parse(recordedAt))}
      series={[
        { name: 'Balance', values: rising.map(({ balanceMinor }) => balanceMinor), stepped: true, show },
        { name: 'Reserved', values: rising.map(({ reservedMinor }) => reservedMinor), stepped: true, show },
      ]}
    />
  )
}

function Range() {
  return (
    <div class="filters">
      {(['from', 'to'] as const).map((name) => (
        <label key={name}>
          <span>{name === 'from' ? 'From' : 'Before'} (UTC)</span>
          <input
            type="date"
            value={route.value.query.get(name)?.slice(0, 10) ?? ''}
            onChange={({ currentTarget: { value } }) =>
              setQuery({ [name]: value === '' ? null : `${value}T00:00:00Z` })
            }
          />
        </label>
      ))}
    </div>
  )
}

type Amount = 'balanceDeltaMinor' | 'reservedDeltaMinor' | 'balanceMinor' | 'reservedMinor'

function columnsOf(currency: string): Column<Line>[] {
  const amount = (name: string, field: Amount): Column<Line> => ({
    name,
    numeric: true,
    cell: (line, _, at) => <Money at={`${at}.${field}`} minor={line[field]} currency={currency} />,
  })
  return [
    { name: 'Recorded', cell: ({ recordedAt }) => <When iso={recordedAt} short={false} /> },
    { name: 'Entry', cell: ({ type }) => <span title={type}>{eventWords(type)}</span> },
    { name: 'Cause', cell: ({ cause }) => <code>{cause}</code> },
    amount('Change', 'balanceDeltaMinor'),
    amount('Balance', 'balanceMinor'),
    amount('Change of reserved', 'reservedDeltaMinor'),
    amount('Reserved', 'reservedMinor'),
  ]
}
