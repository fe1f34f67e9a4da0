import type { z } from 'zod'
import type { Account } from '../../functions/ledger/accounts/contract.ts'
import type { Summary, TopBets } from '../../functions/ledger/reports/contract.ts'
import type { Alert } from '../../functions/ledger/upkeep/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Evidence } from '../parts/evidence.tsx'
import { Field, Form } from '../parts/form.tsx'
import { List } from '../parts/list.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { go, route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Money, Value } from '../parts/value.tsx'
import { BooksSections, betHref, State, Sum, userHref } from './words.tsx'

type Sums = z.infer<typeof Summary>
type Top = z.infer<typeof TopBets>

const summaryAt = '/v1/ledger/summary'
const topAt = '/v1/ledger/top-bets?limit=10'

/** The first page of a tenant: sums, users with money, and accounts that do not add up. */
export function page() {
  const summary = useResource<Sums>(summaryAt, { every: 60 })
  const top = useResource<Top>(topAt, { every: 60 })
  return (
    <Page
      title="Books"
      sentence="The money of one tenant: bets, payments and balances, from a log of events that never changes."
    >
      <BooksSections />
      <Grid>
        <SummaryPanel of={summary} />
        <FindPanel />
        <TopPanel of={top} />
        <Alerts />
        <Funded currencies={(summary.data.value?.data ?? []).map(({ currency }) => currency)} />
      </Grid>
    </Page>
  )
}

function SummaryPanel({ of }: { of: Resource<Sums> }) {
  const at = (index: number, field: string) => `${summaryAt}#data.${index}.${field}`
  return (
    <Panel
      title="Summary by currency"
      of={of}
      size={3}
      wide
      asOf={({ asOf }) => asOf}
      stale={({ stale }) => stale}
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'This tenant has no bets and no payments yet, or the report has not been refreshed since.',
        command: 'npm start, then sign in as a tenant and place a bet: see functions/ledger/README.md',
      }}
    >
      {({ data }) => (
        <Table
          caption="Summary by currency"
          rows={data}
          rowKey={({ currency }) => currency}
          columns={[
            { name: 'Currency', cell: ({ currency }) => currency },
            {
              name: 'Bets',
              numeric: true,
              cell: ({ bets }, index) => <Value at={at(index, 'bets')} value={bets} />,
            },
            {
              name: 'Open bets',
              numeric: true,
              cell: ({ openBets }, index) => <Value at={at(index, 'openBets')} value={openBets} />,
            },
            ...(
              [
                ['Staked', 'stakeMinor'],
                ['Paid out', 'payoutMinor'],
                ['Deposited', 'depositedMinor'],
                ['Withdrawn', 'withdrawnMinor'],
              ] as const
            ).map(([name, field]) => ({
              name,
              numeric: true,
              cell: (row: Sums['data'][number], index: number) => (
                <Sum at={at(index, field)} minor={row[field]} currency={row.currency} />
              ),
            })),
          ]}
        />
      )}
    </Panel>
  )
}

function FindPanel() {
  return (
    <section class="panel" aria-label="Find">
      <header>
        <h2>Find</h2>
      </header>
      <Form
        label="Find a user"
        button="Open the user"
        send={({ user }) => user !== undefined && go(userHref(user))}
      >
        <Field name="user" label="User" hint="The tenant’s own id of a user, for example u-1" />
      </Form>
      <Form
        label="Find a bet"
        button="Open the bet"
        send={({ bet }) => bet !== undefined && go(betHref(bet))}
      >
        <Field name="bet" label="Bet" hint="The id of a bet" />
      </Form>
    </section>
  )
}

function TopPanel({ of }: { of: Resource<Top> }) {
  return (
    <Panel
      title="Largest bets of today"
      of={of}
      size={4}
      asOf={({ asOf }) => asOf}
      stale={({ stale }) => stale}
      empty={{ when: ({ data }) => data.length === 0, why: 'No bet was placed today.' }}
    >
      {({ data }) => (
        <Table
          caption="Largest bets of today"
          rows={data}
          rowKey={({ id }) => id}
          href={({ id }) => betHref(id)}
          columns={[
            { name: 'Rank', cell: ({ rank }) => rank },
            { name: 'User', cell: ({ userId }) => <a href={userHref(userId)}>{userId}</a> },
            {
              name: 'Stake',
              numeric: true,
              cell: ({ stakeMinor, currency }, index) => (
                <Money at={`${topAt}#data.${index}.stakeMinor`} minor={stakeMinor} currency={currency} />
              ),
            },
            { name: 'State', cell: ({ status }) => <State status={status} /> },
          ]}
        />
      )}
    </Panel>
  )
}

function Alerts() {
  return (
    <List<Alert>
      title="Accounts that do not add up"
      path="/v1/ledger/alerts"
      every={60}
      rowKey={({ id }) => id}
      sorted="newest first"
      leavesOut="Resolved ones are left out."
      empty={{ why: 'Every balance equals the sum of its events. The invariants are checked each minute.' }}
      columns={[
        {
          name: 'Differs',
          cell: ({ kind }) => <Badge word={kind} tone="bad" />,
        },
        { name: 'Subject', cell: ({ subject }) => <code>{subject}</code> },
        {
          name: 'Rows',
          cell: ({ evidence, subject }) => <Evidence of={evidence} caption={`Rows of ${subject}`} />,
        },
        { name: 'Raised', cell: ({ raisedAt }) => <Ago iso={raisedAt} /> },
      ]}
    />
  )
}

/** Needs a currency: that of the address, or the first one of the summary. */
function Funded({ currencies }: { currencies: readonly string[] }) {
  const currency = route.value.query.get('currency') ?? currencies[0]
  if (currency === undefined) return null
  const path = `/v1/ledger/accounts?currency=${encodeURIComponent(currency)}`
  return (
    <List<Account>
      key={path}
      title={`Users with money in ${currency}`}
      path={path}
      every={60}
      rowKey={({ userId }) => userId}
      href={({ userId }) => `${userHref(userId)}?currency=${encodeURIComponent(currency)}`}
      sorted="by user"
      leavesOut="Accounts without available money are left out."
      empty={{ why: `No user has available money in ${currency}.` }}
      tools={
        <div class="filters">
          <label>
            <span>Currency</span>
            <select value={currency} onChange={(event) => setQuery({ currency: event.currentTarget.value })}>
              {[...new Set([currency, ...currencies])].map((code) => (
                <option key={code} value={code}>
                  {code}
                </option>
              ))}
            </select>
          </label>
        </div>
      }
      columns={[
        { name: 'User', cell: ({ userId }) => userId },
        ...(
          [
            ['Available', 'availableMinor'],
            ['Reserved', 'reservedMinor'],
            ['Balance', 'balanceMinor'],
          ] as const
        ).map(([name, field]) => ({
          name,
          numeric: true,
          cell: (account: Account, index: number) => (
            <Money at={`${path}#data.${index}.${field}`} minor={account[field]} currency={account.currency} />
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
      ]}
    />
  )
}
