import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { WeatherEvents } from '../../functions/space/nasa/contract.ts'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Unknown, When } from '../parts/value.tsx'

type Answer = z.infer<typeof WeatherEvents>
type Event = Answer['data'][number]

const kinds = [
  { value: 'flr', label: 'solar flares' },
  { value: 'cme', label: 'mass ejections' },
  { value: 'gst', label: 'geomagnetic storms' },
]

/** The newest flares, ejections and storms of the days that are known, at most thirty. */
export function Weather() {
  const kind = useSignal('flr')
  const path = `/v1/space/donki/${kind.value}?limit=6`
  const events = useResource<Answer>(path, { every: 900 })
  const known = events.data.value
  return (
    <Panel
      title="Space weather"
      of={events}
      size={4}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      tools={
        <div class="filters">
          <label>
            <span>Kind</span>
            <select value={kind.value} onChange={(event) => (kind.value = event.currentTarget.value)}>
              {kinds.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </div>
      }
      empty={{
        when: ({ data }) => data.length === 0,
        why: `Nothing of this kind happened from ${known?.coveredFrom} to ${known?.coveredUntil}, the days that are known.`,
      }}
    >
      {({ data, nextCursor, coveredFrom, coveredUntil }) => (
        <>
          <Table
            caption="Space weather"
            rows={data}
            rowKey={({ id }) => id}
            columns={[
              {
                name: 'Began',
                cell: ({ startedAt }, index) => (
                  <When at={`${path}#data.${index}.startedAt`} iso={startedAt} />
                ),
              },
              { name: 'Strength', cell: strengthOf },
              { name: 'From', cell: ({ sourceLocation }) => sourceLocation ?? <Unknown /> },
              {
                name: 'Source',
                cell: ({ link, id }) =>
                  link ? (
                    <a href={link} rel="noreferrer" target="_blank" aria-label={`DONKI on ${id}`}>
                      DONKI
                    </a>
                  ) : (
                    <Unknown />
                  ),
              },
            ]}
          />
          <p class="muted">
            {nextCursor !== null && `The newest ${data.length}. `}Known from {coveredFrom} to {coveredUntil},
            by DONKI of NASA.
          </p>
        </>
      )}
    </Panel>
  )
}

function strengthOf({ class: flare, speedKms, kpIndex }: Event) {
  if (flare !== null) return `class ${flare}`
  if (speedKms !== null) return `${speedKms} km/s`
  if (kpIndex !== null) return `Kp ${kpIndex}`
  return <Unknown />
}
