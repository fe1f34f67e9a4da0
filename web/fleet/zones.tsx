import type { z } from 'zod'
import type * as alerts from '../../functions/fleet/alerts/contract.ts'
import type * as telemetry from '../../functions/fleet/telemetry/contract.ts'
import type { ZoneOverview } from '../../functions/fleet/zones/contract.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { useFew } from '../parts/few.tsx'
import { countOf, First } from '../parts/first.tsx'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Sum } from '../parts/sum.tsx'
import { Table } from '../parts/table.tsx'
import { useWindow } from '../parts/use-window.ts'
import { Ago, Value } from '../parts/value.tsx'
import { hourMs } from '../parts/window.ts'
import { toneOf, wordOf } from './words.ts'

type Overview = { data: z.infer<typeof ZoneOverview>[]; nextCursor: string | null }
type Zone = Overview['data'][number]
type Measured = Zone['values'][number]
type Alerts = { data: z.infer<typeof alerts.Alert>[]; nextCursor: string | null }

const zonesAt = '/v1/fleet/overview?limit=200'
const alertsAt = '/v1/fleet/alerts?open=true&limit=50'

/** All zones with their newest values, and what needs a person. */
export function page() {
  const zones = useResource<Overview>(zonesAt, { every: 20 })
  const open = useResource<Alerts>(alertsAt, { every: 60 })
  return (
    <Page
      title="Zones"
      sentence="The newest values of each zone, whether they are in their range, and how the regulators act on them."
    >
      <AlertsPanel of={open} />
      <Panel
        title="Zones"
        of={zones}
        size={5}
        wide
        empty={{
          when: ({ data }) => data.length === 0,
          why: 'No zone is registered.',
          command: 'npm run -s nodes -- --count 30',
        }}
      >
        {({ data, nextCursor }) => (
          <>
            <div class="tiles">
              {data.map((zone, index) => (
                <ZoneTile key={zone.id} zone={zone} at={`${zonesAt}#data.${index}`} />
              ))}
            </div>
            <First shown={data.length} of={countOf({ data, nextCursor })} what="zones" />
          </>
        )}
      </Panel>
      <Accounting />
    </Page>
  )
}

function ZoneTile({ zone, at }: { zone: Zone; at: string }) {
  return (
    <article class="tile">
      <header>
        <h3>
          <a href={`/app/zones/${zone.id}`}>{zone.name}</a>
        </h3>
        <Badge word={wordOf(zone.mode)} tone={toneOf(zone.mode)} />
      </header>
      {zone.values.length === 0 ? (
        <p class="muted">No node of this zone has sent a value.</p>
      ) : (
        <ul class="readings">
          {zone.values.map((value, index) => (
            <li key={`${value.metric} ${value.channel} ${value.nodeUid}`}>
              <Reading value={value} at={`${at}.values.${index}`} />
            </li>
          ))}
        </ul>
      )}
      {zone.regulators.length > 0 && (
        <p class="does">
          {zone.regulators.map(({ id, metric, direction, outcome }) => (
            <Badge
              key={id}
              word={`${metric} ${direction === 'raise' ? '↑' : '↓'} ${outcome === null ? 'not decided yet' : wordOf(outcome)}`}
              tone={outcome === null ? 'unknown' : toneOf(outcome)}
            />
          ))}
        </p>
      )}
    </article>
  )
}

function Reading({ value: measured, at }: { value: Measured; at: string }) {
  const { metric, channel, value, unit, ts, stale } = measured
  return (
    <>
      <p>
        <span class="metric">{channel === '' ? wordOf(metric) : `${wordOf(metric)} ${channel}`}</span>
        <span class={stale ? 'reading aged' : 'reading'}>
          <Value at={`${at}.value`} value={value} unit={unit} />
        </span>
      </p>
      <p>
        <TargetBar {...measured} />
        <span class="age">
          <Judged {...measured} /> <Ago iso={ts} />
        </span>
      </p>
    </>
  )
}

function Judged({ value, stale, quality, target }: Measured) {
  if (stale) return <Badge word="stale" tone="warn" />
  if (quality !== 'good') return <Badge word={quality} tone={toneOf(quality)} />
  if (target === null) return null
  if (value < target.min) return <Badge word="low" tone="bad" />
  return value > target.max ? <Badge word="high" tone="bad" /> : <Badge word="in range" tone="ok" />
}

/** The range as a bar in the middle half, and the value on it. */
export function TargetBar({ value, target, unit }: Pick<Measured, 'value' | 'target' | 'unit'>) {
  if (target === null) return <span class="range muted">no target</span>
  const width = target.max - target.min || 1
  const place = Math.min(Math.max(25 + ((value - target.min) / width) * 50, 1), 99)
  return (
    <span class="range">
      <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none">
        <rect class="all" width="100" height="2" y="3" />
        <rect class="target" x="25" width="50" height="6" y="1" />
        <rect class="mark" x={place - 1} width="2" height="8" />
      </svg>
      <span>
        {target.min} to {target.max} {unit}
      </span>
    </span>
  )
}

function AlertsPanel({ of }: { of: Resource<Alerts> }) {
  const ack = useAction<unknown>()
  const few = useFew(5)
  return (
    <Panel
      title="Open alerts"
      of={of}
      size={1}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'Nothing needs attention.' }}
    >
      {({ data, nextCursor }) => (
        <>
          {ack.problem.value && <Failure problem={ack.problem.value} />}
          <Table
            caption="Open alerts"
            rows={few.of(data)}
            rowKey={({ id }) => id}
            columns={[
              {
                name: 'Alert',
                cell: ({ kind, severity }) => <Badge word={wordOf(kind)} tone={toneOf(severity)} />,
              },
              { name: 'About', cell: (alert) => <Subject alert={alert} /> },
              { name: 'Since', cell: ({ since }) => <Ago iso={since} /> },
              {
                name: 'Acknowledged',
                cell: ({ id, ackedAt, ackedBy }) =>
                  ackedAt === null ? (
                    <ActButton
                      label="Acknowledge"
                      action={ack}
                      act={async () => {
                        if (await ack.send(`/v1/fleet/alerts/${id}/ack`, { body: {} })) void of.reload()
                      }}
                    />
                  ) : (
                    <>
                      by {ackedBy}, <Ago iso={ackedAt} />
                    </>
                  ),
              },
            ]}
          />
          {few.end(data.length, { isCut: nextCursor !== null })}
        </>
      )}
    </Panel>
  )
}

function Subject({ alert: { subject, labels } }: { alert: Alerts['data'][number] }) {
  const { zone, node, metric } = labels
  if (typeof zone !== 'number' && typeof node !== 'string') return <>{subject}</>
  return (
    <>
      {typeof zone === 'number' && (
        <a href={`/app/zones/${zone}`}>
          zone {zone}
          {typeof metric === 'string' && `, ${wordOf(metric)}`}
        </a>
      )}
      {typeof zone === 'number' && typeof node === 'string' && ', '}
      {typeof node === 'string' && <a href={`/app/nodes/${node}`}>{node}</a>}
    </>
  )
}

const aDay = { hours: 24, stepMs: hourMs }
const parts = ['accepted', 'late', 'duplicate', 'rejected', 'thinned', 'dead', 'waiting', 'missing'] as const

/** Each received sample has one fate: a day as a sum. */
function Accounting() {
  const at = `/v1/fleet/telemetry/accounting?${new URLSearchParams(useWindow(aDay))}`
  const accounting = useResource<z.infer<typeof telemetry.Accounting>>(at, {
    whenSeen: true,
    every: 60,
    same: 'accounting',
  })
  return (
    <Panel
      title="Samples of a day"
      of={accounting}
      size={2}
      wide
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'No sample was received in this day.',
        command: 'npm run -s nodes -- --count 30',
      }}
    >
      {({ data, lostOnTheWay }) => (
        <>
          <Sum
            at={`${at}#data`}
            total={{ name: 'received', value: sumOf(data, 'received') }}
            parts={parts.map((name) => ({
              name,
              value: sumOf(data, name),
              bad: name === 'dead' || name === 'missing',
            }))}
          />
          {lostOnTheWay.length > 0 && (
            <p class="note">
              Lost on the way, by the numbers of the nodes:{' '}
              {lostOnTheWay.slice(0, 5).map(({ nodeUid, bootId, lost }, index) => (
                <span key={`${nodeUid} ${bootId}`}>
                  {index > 0 && '; '}
                  <a href={`/app/nodes/${nodeUid}`}>{nodeUid}</a> batches{' '}
                  {lost.map(({ from, to }) => (from === to ? from : `${from} to ${to}`)).join(', ')}
                </span>
              ))}
              {lostOnTheWay.length > 5 && `; and of ${lostOnTheWay.length - 5} more boots`}
            </p>
          )}
        </>
      )}
    </Panel>
  )
}

type Counted = z.infer<typeof telemetry.Accounting>['data'][number]

function sumOf(data: readonly Counted[], name: 'received' | (typeof parts)[number]): number {
  return data.reduce((sum, minute) => sum + minute[name], 0)
}
