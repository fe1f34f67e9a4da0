import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { ListedDatasets, OsdrStats } from '../../functions/space/osdr/contract.ts'
import { noun } from '../parts/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Day, Value } from '../parts/value.tsx'

const counts = '/v1/space/osdr/stats'

/** NASA's catalogue of biology in space: how much it has, and what is new or matches a word. */
export function Datasets() {
  const words = useSignal('')
  const query = new URLSearchParams({ limit: '8', ...(words.value !== '' && { q: words.value }) })
  const stats = useResource<z.infer<typeof OsdrStats>>(counts, { every: 900 })
  const datasets = useResource<z.infer<typeof ListedDatasets>>(`/v1/space/osdr/datasets?${query}`, {
    every: 900,
  })
  return (
    <Panel
      title="Biological datasets"
      of={datasets}
      size={4}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      tools={
        <div class="filters">
          <label>
            <span>Words</span>
            <input
              value={words.value}
              onChange={(event) => (words.value = event.currentTarget.value.trim())}
            />
          </label>
        </div>
      }
      empty={{
        when: ({ data }) => data.length === 0,
        why:
          words.value === '' ? 'The catalogue has not been read yet.' : 'No dataset has all of these words.',
      }}
    >
      {({ data }) => (
        <>
          {stats.data.value && (
            <p>
              <Value
                at={`${counts}#totalDatasets`}
                value={stats.data.value.totalDatasets}
                unit={noun(stats.data.value.totalDatasets, 'dataset')}
              />
              , <Value at={`${counts}#recent1y`} value={stats.data.value.recent1y} /> of the last year.
            </p>
          )}
          <Table
            caption="Datasets"
            rows={data}
            rowKey={({ accession }) => accession}
            columns={[
              { name: 'Dataset', cell: ({ accession }) => <span class="nowrap">{accession}</span> },
              { name: 'Title', cell: ({ title }) => title },
              {
                name: 'Released',
                cell: ({ releaseDate }, index) => (
                  <Day at={`${datasets.path}#data.${index}.releaseDate`} iso={releaseDate} />
                ),
              },
            ]}
          />
          <p class="muted">The newest first, by OSDR of NASA.</p>
        </>
      )}
    </Panel>
  )
}
