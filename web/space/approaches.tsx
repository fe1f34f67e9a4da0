import type { z } from 'zod'
import type { Approaches as Answer } from '../../functions/space/nasa/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Unknown, Value, When } from '../parts/value.tsx'

const path = '/v1/space/neo?limit=6'

/** Asteroids that pass the earth in these days. */
export function Approaches() {
  const approaches = useResource<z.infer<typeof Answer>>(path, { every: 900 })
  const known = approaches.data.value
  return (
    <Panel
      title="Close approaches"
      of={approaches}
      size={4}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      empty={{
        when: ({ data }) => data.length === 0,
        why: `No asteroid passes the earth from ${known?.coveredFrom} to ${known?.coveredUntil}, the days that are known.`,
      }}
    >
      {({ data, nextCursor, coveredFrom, coveredUntil }) => (
        <>
          <Table
            caption="Close approaches"
            rows={data}
            rowKey={({ id, approachAt }) => `${id} ${approachAt}`}
            columns={[
              {
                name: 'Asteroid',
                cell: ({ name, jplUrl, hazardous }) => (
                  <>
                    {jplUrl ? (
                      <a href={jplUrl} rel="noreferrer" target="_blank">
                        {name}
                      </a>
                    ) : (
                      name
                    )}{' '}
                    {hazardous && <Badge word="hazardous" tone="warn" />}
                  </>
                ),
              },
              {
                name: 'Nearest',
                cell: ({ approachAt }, index) => (
                  <When at={`${path}#data.${index}.approachAt`} iso={approachAt} />
                ),
              },
              {
                name: 'Distance',
                numeric: true,
                cell: ({ missDistanceKm }, index) => (
                  <Value at={`${path}#data.${index}.missDistanceKm`} value={missDistanceKm} unit="km" />
                ),
              },
              {
                name: 'Size',
                numeric: true,
                cell: ({ diameterMinM, diameterMaxM }, index) =>
                  diameterMinM === null || diameterMaxM === null ? (
                    <Unknown />
                  ) : (
                    <>
                      <Value at={`${path}#data.${index}.diameterMinM`} value={diameterMinM} />–
                      <Value at={`${path}#data.${index}.diameterMaxM`} value={diameterMaxM} unit="m" />
                    </>
                  ),
              },
            ]}
          />
          <p class="muted">
            {nextCursor !== null && `The first ${data.length}. `}Known from {coveredFrom} to {coveredUntil},
            by NeoWs of NASA.
          </p>
        </>
      )}
    </Panel>
  )
}
