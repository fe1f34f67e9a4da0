import type { z } from 'zod'
import type * as configs from '../../functions/fleet/configs/contract.ts'
import type * as wire from '../../functions/fleet/nodes/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Ago, Fact, Facts, When } from '../parts/value.tsx'
import { Config } from './nodes.tsx'
import { toneOf, wordOf } from './words.ts'

type Shown = z.infer<typeof wire.Node>

/** One device: where it is, its last contact, and its configuration as it should be and as it reported. */
export function page({ params: { uid = '' } }: { params: Record<string, string> }) {
  const path = `/v1/fleet/nodes/${encodeURIComponent(uid)}`
  const node = useResource<Shown>(path, { every: 30 })
  const config = useResource<z.infer<typeof configs.NodeConfig>>(`${path}/config`, { every: 300 })
  return (
    <Page
      title={node.data.value?.name ?? uid}
      sentence="One device: where it is, when it last made contact, and whether it has its configuration."
    >
      <Grid>
        <Panel title="Node" of={node} size={4}>
          {(shown) => (
            <Facts>
              <Fact name="Uid">
                <code>{shown.uid}</code>
              </Fact>
              <Fact name="Hardware">
                <code>{shown.hardwareId}</code>
              </Fact>
              <Fact name="Type">{shown.type}</Fact>
              <Fact name="State">
                <Badge word={wordOf(shown.lifecycle)} tone={toneOf(shown.lifecycle)} />
              </Fact>
              <Fact name="Zone">
                {shown.zoneId === null ? (
                  'in no zone'
                ) : (
                  <a href={`/app/zones/${shown.zoneId}`}>{shown.zoneId}</a>
                )}
              </Fact>
              <Fact name="First seen">
                <When iso={shown.firstSeenAt} />
              </Fact>
              <Fact name="Last contact">
                {shown.lastSeenAt === null ? (
                  'never'
                ) : (
                  <>
                    {shown.stale && <Badge word="silent" tone="warn" />} <Ago iso={shown.lastSeenAt} />
                  </>
                )}
              </Fact>
              <Fact name="Firmware">{shown.fwVersion ?? 'unknown'}</Fact>
              <Fact name="Configuration">
                <Config of={shown.config} />
              </Fact>
              {shown.config.reason !== null && <Fact name="Its reason">{shown.config.reason}</Fact>}
            </Facts>
          )}
        </Panel>
        <Panel title="Configuration as it should be" of={config} size={4}>
          {(document) => <pre tabIndex={0}>{JSON.stringify(document, null, 2)}</pre>}
        </Panel>
      </Grid>
    </Page>
  )
}
