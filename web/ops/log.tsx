import type { OperatorAction } from '../../functions/ops/log/contract.ts'
import { Evidence } from '../parts/evidence.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { When } from '../parts/value.tsx'
import { OpsSections } from './words.tsx'

export function page() {
  return (
    <Page title="Log" sentence="The actions of operators with their reasons. Entries are never changed.">
      <OpsSections />
      <List<OperatorAction>
        title="Actions"
        path="/v1/ops/log"
        filters={[
          { name: 'by', label: 'By' },
          { name: 'action', label: 'Action' },
        ]}
        every={60}
        rowKey={({ id }) => id}
        sorted="newest first"
        empty={{ why: 'No operator has done anything yet.' }}
        columns={[
          { name: 'When', cell: ({ at }) => <When iso={at} short={false} /> },
          { name: 'By', cell: ({ by }) => by },
          { name: 'Action', cell: ({ action }) => action },
          { name: 'Subject', cell: ({ subject }) => subject },
          { name: 'Reason', cell: ({ reason }) => reason ?? <span class="muted">none</span> },
          {
            name: 'Detail',
            cell: ({ detail, id }) =>
              Object.keys(detail).length === 0 ? (
                <span class="muted">none</span>
              ) : (
                <Evidence of={detail} caption={`Detail of entry ${id}`} />
              ),
          },
        ]}
      />
    </Page>
  )
}
