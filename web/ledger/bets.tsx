import type { Bet } from '../../functions/ledger/bets/contract.ts'
import { betStatuses } from '../../schema/ledger/states.ts'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { Decimal, Money, When } from '../parts/value.tsx'
import { BooksSections, betHref, State, userHref, withoutPayout } from './words.tsx'

const options = betStatuses.map((value) => ({ value, label: value.replaceAll('_', ' ') }))

export function page() {
  return (
    <Page title="Bets" sentence="Every bet of the tenant. Open one to see its events, and to settle it.">
      <BooksSections />
      <List<Bet>
        title="Bets"
        path="/v1/ledger/bets"
        filters={[
          { name: 'userId', label: 'User' },
          { name: 'status', label: 'State', options },
        ]}
        every={30}
        rowKey={({ id }) => id}
        href={({ id }) => betHref(id)}
        sorted="last recorded first"
        empty={{ why: 'No bet has been placed yet.', command: 'See the tour in functions/ledger/README.md' }}
        columns={[
          { name: 'Placed', cell: ({ placedAt }) => <When iso={placedAt} short={false} /> },
          { name: 'User', cell: ({ userId }) => <a href={userHref(userId)}>{userId}</a> },
          { name: 'Selection', cell: ({ selection }) => selection },
          {
            name: 'Stake',
            numeric: true,
            cell: ({ stakeMinor, currency }, _, at) => (
              <Money at={`${at}.stakeMinor`} minor={stakeMinor} currency={currency} />
            ),
          },
          {
            name: 'Odds',
            numeric: true,
            cell: ({ odds }, _, at) => <Decimal at={`${at}.odds`} value={odds} />,
          },
          {
            name: 'Payout',
            numeric: true,
            cell: ({ payoutMinor, currency, status }, _, at) =>
              payoutMinor === null ? (
                withoutPayout(status)
              ) : (
                <Money at={`${at}.payoutMinor`} minor={payoutMinor} currency={currency} />
              ),
          },
          { name: 'State', cell: ({ status }) => <State status={status} /> },
        ]}
      />
    </Page>
  )
}
