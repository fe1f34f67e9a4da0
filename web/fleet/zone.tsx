import type { z } from 'zod'
import type { Command } from '../../functions/fleet/commands/contract.ts'
import type { Zone, ZoneNow } from '../../functions/fleet/zones/contract.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { List } from '../parts/list.tsx'
import { Meter } from '../parts/meter.tsx'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value, When } from '../parts/value.tsx'
import { Measured } from './measured.tsx'
import { toneOf, wordOf } from './words.ts'

type Shown = z.infer<typeof Zone>
type Now = z.infer<typeof ZoneNow>
type Sent = z.infer<typeof Command>

/** One zone: its values over time with the decisions under them, budgets and commands. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const path = `/v1/fleet/zones/${encodeURIComponent(id)}`
  const now = useResource<Now>(`${path}/now`, { every: 60 })
  const data = now.data.value
  return (
    <Page
      title={data?.zone.name ?? `Zone ${id}`}
      sentence="The values of this zone over time, and the decisions of its regulators: each says why it dosed or did nothing."
    >
      <Panel title="Zone" of={now} size={1} wide>
        {({ zone }) => <Mode zone={zone} of={now} />}
      </Panel>
      {data && <Measured now={data} />}
      <Panel
        title="Doses of their budgets"
        of={now}
        size={2}
        wide
        empty={{
          when: (answer) => answer.regulators.length === 0,
          why: 'No regulator doses in this zone. POST /v1/fleet/regulators adds one.',
        }}
      >
        {(answer) => (
          <Table
            caption="Regulators of this zone"
            rows={answer.regulators}
            rowKey={(row) => row.id}
            columns={[
              { name: 'Regulator', cell: (row) => `${row.direction} ${wordOf(row.metric)}` },
              {
                name: 'Now',
                cell: ({ outcome, decidedAt }) =>
                  outcome === null ? (
                    <Badge word="not decided yet" tone="unknown" />
                  ) : (
                    <>
                      <Badge word={wordOf(outcome)} tone={toneOf(outcome)} /> since <Ago iso={decidedAt} />
                    </>
                  ),
              },
              {
                name: 'Dose',
                numeric: true,
                cell: (row, index) => (
                  <Value at={`${now.path}#regulators.${index}.dose`} value={row.dose} unit={row.unit} />
                ),
              },
              {
                name: 'This hour',
                cell: (row, index) => (
                  <Meter
                    at={`${now.path}#regulators.${index}.hour.used`}
                    used={row.hour.used}
                    of={row.budgetHour}
                    unit={row.unit}
                  />
                ),
              },
              {
                name: 'This day',
                cell: (row, index) => (
                  <Meter
                    at={`${now.path}#regulators.${index}.day.used`}
                    used={row.day.used}
                    of={row.budgetDay}
                    unit={row.unit}
                  />
                ),
              },
            ]}
          />
        )}
      </Panel>
      {data && <Commands path={`${path}/commands?limit=10`} />}
    </Page>
  )
}

function Commands({ path }: { path: string }) {
  return (
    <List<Sent>
      title="Commands"
      path={path}
      every={60}
      rowKey={(row) => row.id}
      sorted="newest first"
      empty={{ why: 'No command was sent to a node of this zone.' }}
      columns={[
        {
          name: 'Command',
          cell: ({ kind, channel, amount, unit }) =>
            `${kind}${amount === null ? '' : ` ${amount} ${unit ?? ''}`}${channel === '' ? '' : ` of ${channel}`}`,
        },
        { name: 'State', cell: ({ state }) => <Badge word={wordOf(state)} tone={toneOf(state)} /> },
        { name: 'Reason', cell: ({ reason }) => (reason === null ? '' : wordOf(reason)) },
        { name: 'Node', cell: ({ nodeUid }) => <a href={`/app/nodes/${nodeUid}`}>{nodeUid}</a> },
        { name: 'Ordered by', cell: ({ orderedBy }) => orderedBy },
        { name: 'Ordered', cell: ({ queuedAt }) => <When iso={queuedAt} short={false} /> },
      ]}
    />
  )
}

function Mode({ zone, of }: { zone: Shown; of: Resource<Now> }) {
  const change = useAction<Shown>()
  const to = zone.mode === 'auto' ? 'manual' : 'auto'
  return (
    <>
      <div class="buttons">
        <Badge word={wordOf(zone.mode)} tone={toneOf(zone.mode)} />
        {zone.modeUntil !== null && (
          <span>
            until <When iso={zone.modeUntil} />
          </span>
        )}
        <ActButton
          label={to === 'auto' ? 'Let the regulators act again' : 'Take over by hand: nothing is dosed'}
          action={change}
          act={async () => {
            const request = { method: 'PATCH' as const, body: { mode: to }, ifMatch: zone.version }
            await change.send(`/v1/fleet/zones/${zone.id}`, request)
            void of.reload()
          }}
        />
        <span class="muted">
          {zone.nodes.length === 0 && 'No node is in this zone.'}
          {zone.nodes.map(({ type, uid }, index) => (
            <span key={uid}>
              {index > 0 && ' · '}
              {type} <a href={`/app/nodes/${uid}`}>{uid}</a>
            </span>
          ))}
        </span>
      </div>
      {change.problem.value && <Failure problem={change.problem.value} />}
    </>
  )
}
