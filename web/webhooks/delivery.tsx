import type { DeliveryWithBody } from '../../functions/webhooks/deliveries/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Copy } from '../parts/copy.tsx'
import { Ms } from '../parts/measured.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Fact, Facts, Value, When } from '../parts/value.tsx'
import { SendAgain } from './replay.tsx'
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
        {delivery.data.value && <SendAgain of={delivery.data.value} hook={hook} reload={delivery.reload} />}
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
