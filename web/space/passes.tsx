import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { Passes as PassesAnswer } from '../../functions/space/iss/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { First } from '../parts/first.tsx'
import { Field, Form } from '../parts/form.tsx'
import { Seconds } from '../parts/measured.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Value, When } from '../parts/value.tsx'

type Answer = z.infer<typeof PassesAnswer>

/** When the ISS is next above a place. The place is typed, or requested from the browser on a click. */
export function Passes() {
  const { query } = route.value
  const [lat, lng] = [query.get('lat'), query.get('lng')]
  if (lat === null || lng === null)
    return (
      <section class="panel size-4" aria-label="Passes over a place">
        <header>
          <h2>Passes over a place</h2>
        </header>
        <Place />
      </section>
    )
  return <Found lat={lat} lng={lng} />
}

function Place({ lat = '', lng = '' }: { lat?: string; lng?: string }) {
  const refused = useSignal<string | null>(null)
  function find(): void {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => setQuery({ lat: coords.latitude.toFixed(2), lng: coords.longitude.toFixed(2) }),
      ({ message }) => {
        refused.value = message || 'The browser does not say where it is.'
      },
    )
  }
  return (
    <Form
      label="A place"
      button="Show its passes"
      send={({ lat, lng }) => setQuery({ lat: lat ?? null, lng: lng ?? null })}
      beside={
        <button type="button" onClick={find}>
          Use my place
        </button>
      }
    >
      <div class="pair">
        <Field name="lat" label="Latitude" hint="north, −90 to 90" value={lat} />
        <Field name="lng" label="Longitude" hint="east, −180 to 180" value={lng} />
      </div>
      {refused.value !== null && <p class="fault">{refused.value}</p>}
    </Form>
  )
}

const mostPasses = 6

function Found({ lat, lng }: { lat: string; lng: string }) {
  const query = new URLSearchParams({ lat, lng, days: '5' })
  const passes = useResource<Answer>(`/v1/space/iss/passes?${query}`, { every: 600 })
  return (
    <Panel
      title={`Passes over ${lat}, ${lng}`}
      of={passes}
      size={3}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      tools={
        <button type="button" class="small" onClick={() => setQuery({ lat: null, lng: null })}>
          Another place
        </button>
      }
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'The ISS does not rise 10° above this place in five days.',
      }}
    >
      {({ data }) => (
        <>
          <Table
            caption="Next passes"
            rows={data.slice(0, mostPasses)}
            rowKey={({ rise }) => rise.ts}
            columns={[
              {
                name: 'Rises',
                cell: ({ rise }, index) => <When at={`${passes.path}#data.${index}.rise.ts`} iso={rise.ts} />,
              },
              {
                name: 'Highest',
                numeric: true,
                cell: ({ culmination }, index) => (
                  <Value
                    at={`${passes.path}#data.${index}.culmination.elevation`}
                    value={culmination.elevation}
                    unit="°"
                  />
                ),
              },
              {
                name: 'Lasts',
                numeric: true,
                cell: ({ durationSeconds }, index) => (
                  <Seconds at={`${passes.path}#data.${index}.durationSeconds`} value={durationSeconds} />
                ),
              },
              {
                name: 'To the eye',
                cell: ({ visible }) =>
                  visible ? <Badge word="visible" tone="ok" /> : <Badge word="not visible" tone="plain" />,
              },
            ]}
          />
          <First shown={mostPasses} of={data.length} what="passes in five days" />
        </>
      )}
    </Panel>
  )
}
