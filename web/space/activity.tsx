import type { z } from 'zod'
import type { Activity as Answer } from '../../functions/space/views/contract.ts'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago } from '../parts/value.tsx'

/** The work of the collecting jobs. */
export function Activity() {
  const activity = useResource<z.infer<typeof Answer>>('/v1/space/activity', { every: 300 })
  return (
    <Panel
      title="Collected in the last 24 hours"
      of={activity}
      size={3}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'Nothing was collected: the jobs run each minute or hour.',
      }}
    >
      {({ data }) => (
        <>
          <Table
            caption="Collected data"
            rows={data.slice(0, 8)}
            rowKey={({ activityType, activityTime, details }) => `${activityType} ${activityTime} ${details}`}
            columns={[
              { name: 'What', cell: ({ activityType }) => activityType.replaceAll('_', ' ') },
              { name: 'Details', cell: ({ details }) => details },
              {
                name: 'When',
                cell: ({ activityTime }, index) => (
                  <Ago at={`${activity.path}#data.${index}.activityTime`} iso={activityTime} />
                ),
              },
            ]}
          />
          {data.length > 8 && <p class="muted">The newest 8 of {data.length}.</p>}
        </>
      )}
    </Panel>
  )
}
