import type { Payment } from '../../functions/ledger/payments/contract.ts'
import { paymentKinds, paymentStatuses } from '../../schema/ledger/states.ts'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { Money, When } from '../parts/value.tsx'
import { BooksSections, paymentHref, State, userHref } from './words.tsx'

const choices = (values: readonly string[]) =>
  values.map((value) => ({ value, label: value.replaceAll('_', ' ') }))

export function page() {
  return (
    <Page
      title="Payments"
      sentence="Deposits and withdrawals of the tenant. Open one to complete, reject or charge it back."
    >
      <BooksSections />
      <List<Payment>
        title="Payments"
        path="/v1/ledger/payments"
        filters={[
          { name: 'userId', label: 'User' },
          { name: 'kind', label: 'Kind', options: choices(paymentKinds) },
          { name: 'status', label: 'State', options: choices(paymentStatuses) },
        ]}
        every={30}
        rowKey={({ id }) => id}
        href={({ id }) => paymentHref(id)}
        sorted="last recorded first"
        empty={{
          why: 'No payment has been requested yet.',
          command: 'See the tour in functions/ledger/README.md',
        }}
        columns={[
          { name: 'Requested', cell: ({ requestedAt }) => <When iso={requestedAt} short={false} /> },
          { name: 'Kind', cell: ({ kind }) => kind },
          { name: 'User', cell: ({ userId }) => <a href={userHref(userId)}>{userId}</a> },
          {
            name: 'Amount',
            numeric: true,
            cell: ({ amountMinor, currency }, _, at) => (
              <Money at={`${at}.amountMinor`} minor={amountMinor} currency={currency} />
            ),
          },
          { name: 'State', cell: ({ status }) => <State status={status} /> },
          {
            name: 'Ended',
            cell: ({ settledAt }) => (settledAt === null ? 'not yet' : <When iso={settledAt} />),
          },
        ]}
      />
    </Page>
  )
}
