import type { z } from 'zod'
import type { StoredEvent } from '../../functions/ledger/journal/contract.ts'
import { Evidence } from '../parts/evidence.tsx'
import { countOf, First } from '../parts/first.tsx'
import { Panel } from '../parts/panel.tsx'
import type { Resource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Value, When } from '../parts/value.tsx'
import { eventWords } from './words.tsx'

type Stored = z.infer<typeof StoredEvent>

/** The events of one stream, oldest first: they are the truth, and the rest follows from them. */
export function Story({ of }: { of: Resource<{ data: Stored[]; nextCursor: string | null }> }) {
  return (
    <Panel
      title="Events"
      of={of}
      size={3}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'There are no events.' }}
    >
      {({ data, nextCursor }) => (
        <>
          <Table
            caption="Events, oldest first"
            rows={data}
            rowKey={({ id }) => id}
            at={(_, index) => `${of.path}#data.${index}`}
            columns={[
              {
                name: 'Version',
                numeric: true,
                cell: ({ streamVersion }, _, at) => (
                  <Value at={`${at}.streamVersion`} value={streamVersion} />
                ),
              },
              { name: 'Event', cell: ({ type }) => <strong title={type}>{eventWords(type)}</strong> },
              {
                name: 'Data',
                cell: ({ data: members, type }) =>
                  Object.keys(members).length === 0 ? (
                    <span class="muted">none</span>
                  ) : (
                    <Evidence of={members} caption={`Data of ${eventWords(type)}`} />
                  ),
              },
              { name: 'Took effect', cell: ({ occurredAt }) => <When iso={occurredAt} short={false} /> },
              { name: 'Recorded', cell: ({ recordedAt }) => <When iso={recordedAt} short={false} /> },
              { name: 'By', cell: ({ actor }) => actor },
            ]}
          />
          <First shown={data.length} of={countOf({ data, nextCursor })} what="events" />
        </>
      )}
    </Panel>
  )
}
