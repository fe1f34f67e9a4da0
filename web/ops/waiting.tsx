import type { Outbox } from '../../functions/ops/outbox/contract.ts'
import type { Queues } from '../../functions/ops/queues/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Seconds } from '../parts/measured.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { TablePanel } from '../parts/table-panel.tsx'
import { Ago, Fact, Facts, Value } from '../parts/value.tsx'
import { DeadMessages } from './dead.tsx'
import { OpsSections } from './words.tsx'

export function page() {
  const outbox = useResource<Outbox>('/v1/ops/outbox', { every: 30 })
  const queues = useResource<Queues>('/v1/ops/queues', { every: 30 })
  return (
    <Page
      title="Waiting"
      sentence="Everything that waits for somebody: events for their readers, and messages that were given up."
    >
      <OpsSections />
      <QueuesPanel of={queues} />
      <OutboxPanel of={outbox} />
      <DeadMessages />
    </Page>
  )
}

function OutboxPanel({ of }: { of: Resource<Outbox> }) {
  return (
    <Panel title="Outbox" of={of} size={3} wide asOf={({ asOf }) => asOf}>
      {({ perMinute, newestAt, readers }) => (
        <>
          <Facts>
            <Fact name="Events a minute">
              <Value at={`${of.path}#perMinute`} value={perMinute} />
            </Fact>
            <Fact name="Newest event">{newestAt === null ? 'there is none' : <Ago iso={newestAt} />}</Fact>
          </Facts>
          {readers.length === 0 ? (
            <p class="muted">Nobody reads it yet: the first run of core-webhooks makes the first reader.</p>
          ) : (
            <Table
              caption="Readers of the outbox"
              rows={readers}
              rowKey={({ reader }) => reader}
              columns={[
                { name: 'Reader', cell: ({ reader }) => reader },
                {
                  name: 'State',
                  cell: ({ depth }) =>
                    depth === 0 ? (
                      <Badge word="has read all" tone="ok" />
                    ) : (
                      <Badge word="behind" tone="warn" />
                    ),
                },
                {
                  name: 'Waiting',
                  numeric: true,
                  cell: ({ depth, more }, index) => (
                    <>
                      {more && 'more than '}
                      <Value at={`${of.path}#readers.${index}.depth`} value={depth} />
                    </>
                  ),
                },
                {
                  name: 'Oldest',
                  numeric: true,
                  cell: ({ oldestSeconds, depth }, index) =>
                    depth === 0 ? (
                      'none'
                    ) : (
                      <Seconds at={`${of.path}#readers.${index}.oldestSeconds`} value={oldestSeconds} />
                    ),
                },
                { name: 'Last moved', cell: ({ movedAt }) => <Ago iso={movedAt} /> },
              ]}
            />
          )}
        </>
      )}
    </Panel>
  )
}

function QueuesPanel({ of }: { of: Resource<Queues> }) {
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <TablePanel
      title="Queues"
      of={of}
      none="Nothing of this Worker ever waits."
      caption="Everything that waits"
      rowKey={({ name, kind }) => `${kind} ${name}`}
      columns={[
        { name: 'Queue', cell: ({ name }) => name },
        { name: 'Kind', cell: ({ kind }) => kind },
        {
          name: 'Waiting',
          numeric: true,
          cell: ({ depth, why }, index) => (
            <Value at={at(index, 'depth')} value={depth} {...(why !== null && { title: why })} />
          ),
        },
        {
          name: 'Oldest',
          numeric: true,
          cell: ({ oldestSeconds, depth, why }, index) =>
            depth === 0 ? (
              <span class="muted">none</span>
            ) : (
              <Seconds at={at(index, 'oldestSeconds')} value={oldestSeconds} {...(why !== null && { why })} />
            ),
        },
        { name: 'Leave a minute', field: 'perMinute' },
        {
          name: 'Empty in',
          numeric: true,
          cell: ({ drainSeconds, depth }, index) =>
            depth === 0 ? (
              <span class="muted">empty</span>
            ) : (
              <Seconds at={at(index, 'drainSeconds')} value={drainSeconds} />
            ),
        },
      ]}
    />
  )
}
