import type { z } from 'zod'
import type { DeliveryWithBody, Replayed } from '../../functions/webhooks/deliveries/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Copy } from '../parts/copy.tsx'
import { Ms } from '../parts/measured.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Fact, Facts, Value, When } from '../parts/value.tsx'
import { Delivered, hookHref } from './words.tsx'

/** One event for one webhook: each attempt, and the body as it was signed. */
export function page({ params: { id = '', deliveryId = '' } }: { params: Record<string, string> }) {
  const hook = `/v1/webhooks/${encodeURIComponent(id)}`
  const at = `${hook}/deliveries/${encodeURIComponent(deliveryId)}`
  const delivery = useResource<DeliveryWithBody>(at, { every: 15 })
  return (
    <Page
      title="Delivery"
      sentence="One event for one webhook: when it was tried, what the receiver answered, and the body as it was signed."
      tools={<a href={hookHref(Number(id))}>To the webhook</a>}
    >
      <Grid>
        <Event of={delivery} at={at} />
        {delivery.data.value && <Again of={delivery.data.value} hook={hook} reload={delivery.reload} />}
        <Attempts of={delivery} />
        <Body of={delivery} />
      </Grid>
    </Page>
  )
}

function Event({ of, at }: { of: Resource<DeliveryWithBody>; at: string }) {
  return (
    <Panel title="Event" of={of} size={4}>
      {({ type, eventId, subject, state, reason, replays, createdAt, dueAt, giveUpAt, finishedAt }) => (
        <Facts>
          <Fact name="State">
            <Delivered state={state} />
          </Fact>
          <Fact name="Event">{type}</Fact>
          <Fact name="webhook-id">
            <code>{eventId}</code>
          </Fact>
          <Fact name="Subject">{subject}</Fact>
          {reason !== null && <Fact name="Given up for">{reason}</Fact>}
          <Fact name="Replays">{replays}</Fact>
          <Fact name="Happened">
            <When at={`${at}#createdAt`} iso={createdAt} short={false} />
          </Fact>
          {state === 'waiting' && (
            <Fact name="Next attempt">
              <When at={`${at}#dueAt`} iso={dueAt} short={false} />
            </Fact>
          )}
          <Fact name={finishedAt === null ? 'Given up at' : 'Ended'}>
            <When iso={finishedAt ?? giveUpAt} short={false} />
          </Fact>
        </Facts>
      )}
    </Panel>
  )
}

function Again({ of, hook, reload }: { of: DeliveryWithBody; hook: string; reload: () => Promise<void> }) {
  const action = useAction<z.infer<typeof Replayed>>()
  const replay = (only: 'all' | 'dead', to?: string) => async () => {
    const done = await action.send(`${hook}/replay`, { body: { from: of.eventId, only, ...(to && { to }) } })
    await reload()
    if (done) announce(`${done.requeued} events are sent again`)
  }
  const done = action.done.value
  return (
    <section class="panel" aria-label="Send again">
      <header>
        <h2>Send again</h2>
      </header>
      <p class="muted">
        With the same webhook-id and body, so a receiver that has it knows it.
        {of.state === 'waiting' && ' This one waits: it is tried again by itself.'}
      </p>
      <div class="buttons">
        <ActButton
          label="Replay this event"
          action={action}
          main
          disabled={of.state === 'waiting'}
          act={replay('all', of.eventId)}
        />
        <ActButton label="Replay dead events from this one on" action={action} final act={replay('dead')} />
        <ActButton label="Replay all events from this one on" action={action} final act={replay('all')} />
      </div>
      {action.problem.value && <Failure problem={action.problem.value} />}
      {done && (
        <p>
          {done.requeued} {done.requeued === 1 ? 'event is' : 'events are'} sent again.
          {done.next !== null && ` More remain, from ${done.next} on.`}
        </p>
      )}
    </section>
  )
}

function Attempts({ of }: { of: Resource<DeliveryWithBody> }) {
  return (
    <Panel
      title="Attempts"
      of={of}
      size={2}
      wide
      empty={{ when: ({ attempts }) => attempts.length === 0, why: 'It has not been tried yet.' }}
    >
      {({ attempts }) => (
        <Table
          caption="Attempts"
          rows={attempts}
          rowKey={({ number }) => number}
          at={(_, index) => `${of.path}#attempts.${index}`}
          columns={[
            {
              name: 'Attempt',
              numeric: true,
              cell: ({ number }, _, at) => <Value at={`${at}.number`} value={number} />,
            },
            { name: 'Began', cell: ({ startedAt }) => <When iso={startedAt} short={false} /> },
            {
              name: 'Result',
              cell: ({ outcome }) =>
                outcome === null ? (
                  <Badge word="running, or its sender died" tone="unknown" />
                ) : (
                  <Badge word={outcome.replaceAll('_', ' ')} tone={outcome === 'delivered' ? 'ok' : 'bad'} />
                ),
            },
            {
              name: 'Status',
              numeric: true,
              cell: ({ status }, _, at) =>
                status === null ? 'none' : <Value at={`${at}.status`} value={status} />,
            },
            {
              name: 'Took',
              numeric: true,
              cell: ({ tookMs }, _, at) => <Ms at={`${at}.tookMs`} value={tookMs} />,
            },
          ]}
        />
      )}
    </Panel>
  )
}

function Body({ of }: { of: Resource<DeliveryWithBody> }) {
  return (
    <Panel
      title="Body"
      of={of}
      size={3}
      wide
      tools={<Copy label="Copy the body" text={() => of.data.value?.body ?? ''} />}
    >
      {({ body }) => <pre tabIndex={0}>{pretty(body)}</pre>}
    </Panel>
  )
}

/** Indented for people. The copied text is the signed one. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
