import type { z } from 'zod'
import type * as wire from '../../functions/fleet/nodes/contract.ts'
import { lifecycles } from '../../schema/fleet/states.ts'
import { Badge } from '../parts/badge.tsx'
import { List } from '../parts/list.tsx'
import { duration } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Ago } from '../parts/value.tsx'
import { toneOf, wordOf } from './words.ts'

type Shown = z.infer<typeof wire.Node>

/** The devices, so that a silent one and one with an old configuration are found. */
export function page() {
  return (
    <Page
      title="Nodes"
      sentence="The devices in your greenhouses: which are silent, and which do not have the configuration that they should have."
    >
      <List<Shown>
        title="Nodes"
        path="/v1/fleet/nodes"
        every={30}
        rowKey={({ uid }) => uid}
        href={({ uid }) => `/app/nodes/${uid}`}
        sorted="by their registration"
        empty={{ why: 'No node has said hello yet.', command: 'npm run -s nodes -- --count 30' }}
        filters={[
          {
            name: 'state',
            label: 'State',
            options: lifecycles.map((value) => ({ value, label: wordOf(value) })),
          },
          {
            name: 'stale',
            label: 'Contact',
            options: [
              { value: 'true', label: 'silent' },
              { value: 'false', label: 'in contact' },
            ],
          },
          {
            name: 'drift',
            label: 'Configuration',
            options: [
              { value: 'true', label: 'drifts' },
              { value: 'false', label: 'applied' },
            ],
          },
          { name: 'zone', label: 'Zone' },
        ]}
        columns={[
          { name: 'Node', cell: ({ uid }) => uid },
          { name: 'Name', cell: ({ name }) => name ?? '' },
          { name: 'Type', cell: ({ type }) => <span class="nowrap">{type}</span> },
          {
            name: 'State',
            cell: ({ lifecycle }) => <Badge word={wordOf(lifecycle)} tone={toneOf(lifecycle)} />,
          },
          {
            name: 'Zone',
            cell: ({ zoneId }) => (zoneId === null ? 'none' : <a href={`/app/zones/${zoneId}`}>{zoneId}</a>),
          },
          {
            name: 'Last contact',
            cell: ({ lastSeenAt, stale }) =>
              lastSeenAt === null ? (
                'never'
              ) : (
                <>
                  {stale && <Badge word="silent" tone="warn" />} <Ago iso={lastSeenAt} />
                </>
              ),
          },
          { name: 'Configuration', cell: ({ config }) => <Config of={config} /> },
          { name: 'Firmware', cell: ({ fwVersion }) => fwVersion ?? 'unknown' },
        ]}
      />
    </Page>
  )
}

export function Config({
  of: { desiredVersion, reportedVersion, outcome, driftSeconds },
}: {
  of: Shown['config']
}) {
  if (driftSeconds === null) return <Badge word={`version ${desiredVersion}`} tone="ok" />
  const tone = outcome === 'rejected' ? 'bad' : 'warn'
  return (
    <>
      <Badge word={`has ${reportedVersion} of ${desiredVersion}`} tone={tone} />{' '}
      <span class="muted">for {duration(driftSeconds * 1_000)}</span>
    </>
  )
}
