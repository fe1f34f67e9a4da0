import type { Payment } from '../../functions/ledger/payments/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { ActButton } from '../parts/button.tsx'
import { money } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Fact, Facts, Money, Value, When } from '../parts/value.tsx'
import { useBookChanges } from './changes.ts'
import { BooksSections, State, userHref } from './words.tsx'

/** One payment, and the steps that its state allows. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const at = `/v1/ledger/payments/${encodeURIComponent(id)}`
  const payment = useResource<Payment>(at)
  const feed = useBookChanges(payment.reload)
  return (
    <Page
      title="Payment"
      sentence={`The payment ${id}, and the steps that its state allows.`}
      tools={<a href={`/app/timeline/payment/${encodeURIComponent(id)}`}>Timeline</a>}
    >
      <BooksSections />
      <Grid>
        <Panel title="Payment" of={payment} size={4} stale={() => feed.value === 'away'}>
          {({ kind, userId, amountMinor, currency, status, requestedAt, settledAt, streamVersion }) => (
            <Facts>
              <Fact name="State">
                <State status={status} />
              </Fact>
              <Fact name="Kind">{kind}</Fact>
              <Fact name="User">
                <a href={userHref(userId)}>{userId}</a>
              </Fact>
              <Fact name="Amount">
                <Money at={`${at}#amountMinor`} minor={amountMinor} currency={currency} />
              </Fact>
              <Fact name="Requested">
                <When at={`${at}#requestedAt`} iso={requestedAt} short={false} />
              </Fact>
              <Fact name="Ended">
                {settledAt === null ? (
                  'not yet'
                ) : (
                  <When at={`${at}#settledAt`} iso={settledAt} short={false} />
                )}
              </Fact>
              <Fact name="Version">
                <Value at={`${at}#streamVersion`} value={streamVersion} />
              </Fact>
            </Facts>
          )}
        </Panel>
        {payment.data.value && <Steps payment={payment.data.value} at={at} reload={payment.reload} />}
      </Grid>
    </Page>
  )
}

function stepsOf({ kind, status, amountMinor, currency }: Payment): { label: string; step: string }[] {
  const amount = money(amountMinor, currency)
  if (status === 'requested' && kind === 'deposit')
    return [
      { label: `Complete: credit ${amount}`, step: 'complete' },
      { label: 'Fail: credit nothing', step: 'fail' },
    ]
  if (status === 'requested')
    return [
      { label: `Complete: debit ${amount}`, step: 'complete' },
      { label: `Reject: release ${amount}`, step: 'reject' },
    ]
  if (status === 'completed' && kind === 'deposit')
    return [{ label: `Charge back: debit ${amount}`, step: 'charge-back' }]
  return []
}

function Steps({ payment, at, reload }: { payment: Payment; at: string; reload: () => Promise<void> }) {
  const action = useAction<Payment>()
  const steps = stepsOf(payment)
  async function take(step: string): Promise<void> {
    const done = await action.send(`${at}/${step}`, { body: { expectedVersion: payment.streamVersion } })
    await reload()
    if (done) announce(`The payment is ${done.status}`)
  }
  return (
    <section class="panel" aria-label="Steps">
      <header>
        <h2>Steps</h2>
      </header>
      {steps.length === 0 && <p class="muted">The payment has ended.</p>}
      <div class="buttons">
        {steps.map(({ label, step }) => (
          <ActButton key={step} label={label} action={action} final act={() => take(step)} />
        ))}
      </div>
      {action.problem.value && <Failure problem={action.problem.value} />}
    </section>
  )
}
