import type { z } from 'zod'
import type { Bet } from '../../functions/ledger/bets/contract.ts'
import type { StoredEvent } from '../../functions/ledger/journal/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { ActButton } from '../parts/button.tsx'
import { money } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Fact, Facts, Money, Value, When } from '../parts/value.tsx'
import { useBookChanges } from './changes.ts'
import { Story } from './story.tsx'
import { BooksSections, State, userHref, withoutPayout } from './words.tsx'

type Events = { data: z.infer<typeof StoredEvent>[]; nextCursor: string | null }

/** One bet: its terms, the steps that its state allows, and its events. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const at = `/v1/ledger/bets/${encodeURIComponent(id)}`
  const bet = useResource<Bet>(at)
  const events = useResource<Events>(`${at}/events?limit=200`)
  const reload = () => Promise.all([bet.reload(), events.reload()])
  const feed = useBookChanges(reload)
  return (
    <Page
      title="Bet"
      sentence={`The bet ${id}: its terms, its events, and the steps that its state allows.`}
      tools={<a href={`/app/timeline/bet/${encodeURIComponent(id)}`}>Timeline</a>}
    >
      <BooksSections />
      <Grid>
        <Panel title="Terms" of={bet} size={4} stale={() => feed.value === 'away'}>
          {({
            userId,
            selection,
            stakeMinor,
            currency,
            odds,
            status,
            payoutMinor,
            placedAt,
            settledAt,
            streamVersion,
          }) => (
            <Facts>
              <Fact name="State">
                <State status={status} />
              </Fact>
              <Fact name="User">
                <a href={userHref(userId)}>{userId}</a>
              </Fact>
              <Fact name="Selection">{selection}</Fact>
              <Fact name="Stake">
                <Money at={`${at}#stakeMinor`} minor={stakeMinor} currency={currency} />
              </Fact>
              <Fact name="Odds">{odds}</Fact>
              <Fact name="Payout">
                {payoutMinor === null ? (
                  withoutPayout(status)
                ) : (
                  <Money at={`${at}#payoutMinor`} minor={payoutMinor} currency={currency} />
                )}
              </Fact>
              <Fact name="Placed">
                <When at={`${at}#placedAt`} iso={placedAt} short={false} />
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
        {bet.data.value && <Steps bet={bet.data.value} at={at} reload={reload} />}
        <Story of={events} />
      </Grid>
    </Page>
  )
}

type Step = { label: string; step: string; body?: object; final: boolean }

function stepsOf({ status, stakeMinor, currency, odds }: Bet): Step[] {
  const stake = money(stakeMinor, currency)
  const give = [
    { label: `Void: release ${stake}`, step: 'void', final: true },
    { label: `Cancel: release ${stake}`, step: 'cancel', final: true },
  ]
  if (status === 'placed')
    return [
      { label: 'Accept', step: 'accept', final: false },
      { label: `Reject: release ${stake}`, step: 'reject', final: true },
      ...give,
    ]
  if (status === 'accepted')
    return [
      {
        label: `Settle as won: pay ${stake} × ${odds}`,
        step: 'settle',
        body: { outcome: 'won' },
        final: true,
      },
      { label: `Settle as lost: take ${stake}`, step: 'settle', body: { outcome: 'lost' }, final: true },
      ...give,
    ]
  return []
}

/** Each button says what it gives or takes. The version that the page shows is sent, so an older page changes nothing. */
function Steps({ bet, at, reload }: { bet: Bet; at: string; reload: () => Promise<unknown> }) {
  const action = useAction<Bet>()
  const steps = stepsOf(bet)
  async function take({ step, body }: Step): Promise<void> {
    const done = await action.send(`${at}/${step}`, {
      body: { ...body, expectedVersion: bet.streamVersion },
    })
    await reload()
    if (done) announce(`The bet is ${done.status}`)
  }
  return (
    <section class="panel" aria-label="Steps">
      <header>
        <h2>Steps</h2>
      </header>
      {steps.length === 0 && <p class="muted">The bet has ended. Its events stay as they are.</p>}
      <div class="buttons">
        {steps.map((step) => (
          <ActButton
            key={step.label}
            label={step.label}
            action={action}
            main={step.step === 'accept'}
            final={step.final}
            act={() => take(step)}
          />
        ))}
      </div>
      {action.problem.value && <Failure problem={action.problem.value} />}
    </section>
  )
}
