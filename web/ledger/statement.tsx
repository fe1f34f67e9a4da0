import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { Entry } from '../../functions/ledger/accounts/contract.ts'
import { ask, type Problem } from '../api.ts'
import { Chart } from '../parts/chart.tsx'
import { now } from '../parts/clock.ts'
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
/** With the place of its values in the answer that it came from. */
type Placed = Line & { at: string }

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
  const later = useSignal<{ of: string; lines: Placed[]; next: string | null } | null>(null)
  const problem = useSignal<Problem | null>(null)
  const mine = later.value?.of === path ? later.value : null

  /** One page more, or all of them, for paper. */
  async function more(from: string, all: boolean): Promise<void> {
    let lines = mine?.lines ?? []
    let next: string | null = from
    do {
      const at: string = `${path}&cursor=${encodeURIComponent(next)}`
      const reply: Awaited<ReturnType<typeof ask<Lines>>> = await ask<Lines>(at)
      problem.value = reply.ok ? null : reply.problem
      if (!reply.ok || reply.data === null) return
      lines = [...lines, ...placed(at, reply.data.data)]
      next = reply.data.nextCursor
      later.value = { of: path, lines, next }
    } while (all && next !== null)
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
      <p class="on-paper">
        {principal.value && nameOf(principal.value)} · printed{' '}
        <When iso={new Date(now.value).toISOString()} />
      </p>
      <Panel
        title="Entries"
        of={first}
        size={5}
        wide
        stale={() => feed.value === 'away'}
        tools={<Range />}
        empty={{ when: ({ data }) => data.length === 0, why: 'The account has no entries in this range.' }}
      >
        {({ data, nextCursor }) => {
          const lines = [...placed(path, data), ...(mine?.lines ?? [])]
          const next = mine ? mine.next : nextCursor
          return (
            <>
              <Course lines={lines} currency={currency} />
              <Table
                caption="Entries, newest first"
                rows={lines}
                rowKey={({ id }) => id}
                columns={columnsOf(currency)}
              />
              {problem.value && <Failure problem={problem.value} />}
              <footer class="list-end">
                <p class="muted">
                  {next === null ? `All ${number(lines.length)}` : `The newest ${number(lines.length)}`}{' '}
                  entries, newest first.
                </p>
                {next !== null && (
                  <div class="buttons">
                    <button type="button" onClick={() => void more(next, false)}>
                      Show more
                    </button>
                    <button type="button" onClick={() => void more(next, true)}>
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

function placed(path: string, lines: readonly Line[]): Placed[] {
  return lines.map((line, index) => ({ ...line, at: `${path}#data.${index}` }))
}

type Amount = 'balanceDeltaMinor' | 'reservedDeltaMinor' | 'balanceMinor' | 'reservedMinor'

function columnsOf(currency: string): Column<Placed>[] {
  const amount = (name: string, field: Amount): Column<Placed> => ({
    name,
    numeric: true,
    cell: (line) => <Money at={`${line.at}.${field}`} minor={line[field]} currency={currency} />,
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
