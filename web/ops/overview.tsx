import type { Readiness } from '../../functions/ops/health/contract.ts'
import type { Pulse } from '../../functions/ops/pulse/contract.ts'
import { ask, type Reply, type Request } from '../api.ts'
import { Badge } from '../parts/badge.tsx'
import { serverNow } from '../parts/clock.ts'
import { Seconds } from '../parts/measured.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value } from '../parts/value.tsx'
import { LivePanel } from './live.tsx'
import { OpsSections } from './words.tsx'

/** The first page of the operator: what needs attention, worst first. */
export function page() {
  const pulse = useResource<Pulse>('/v1/ops/pulse', { every: 15 })
  const ready = useResource<Readiness>('/readyz', { every: 60, read: readReadiness })
  return (
    <Page
      title="Operation"
      sentence="The things that need attention, worst first, and the rates of this moment."
    >
      <OpsSections />
      <Grid>
        <Attention of={pulse} />
        <LivePanel />
        <Checks of={ready} />
      </Grid>
    </Page>
  )
}

/** A Worker that is not ready answers 503 with the same members: its failed checks are what the operator looks for. */
async function readReadiness(request: Request): Promise<Reply<Readiness>> {
  const reply = await ask<Readiness>('/readyz', request)
  if (reply.ok || reply.problem.status !== 503 || !Array.isArray(reply.problem.more['checks'])) return reply
  // The contract names them beside those of a problem.
  const data = reply.problem.more as Readiness
  return { ok: true, status: 503, data, etag: null, at: serverNow() }
}

function Attention({ of }: { of: Resource<Pulse> }) {
  const at = (field: string) => `${of.path}#${field}`
  return (
    <Panel title="Needs attention" of={of} size={3} wide asOf={({ asOf }) => asOf}>
      {({ attention, evaluatedAt, asOf, pending, acknowledged, silenced }) => (
        <>
          {attention.length === 0 ? (
            <p>
              <Badge word="Nothing" tone="ok" /> needs attention, as of <Ago iso={asOf} />.
            </p>
          ) : (
            <Table
              caption="Needs attention, worst first"
              rows={attention}
              rowKey={({ kind, state }) => `${kind} ${state}`}
              columns={[
                {
                  name: 'Rule',
                  cell: ({ kind }) => (
                    <a class="nowrap" href={`/app/ops/alerts?rule=${encodeURIComponent(kind)}`}>
                      {kind}
                    </a>
                  ),
                },
                {
                  name: 'State',
                  cell: ({ state, severity }) => (
                    <Badge
                      word={state === 'unknown' ? 'unknown' : severity}
                      tone={state === 'unknown' ? 'unknown' : severity === 'critical' ? 'bad' : 'warn'}
                    />
                  ),
                },
                {
                  name: 'Count',
                  numeric: true,
                  cell: ({ count }, index) => <Value at={at(`attention.${index}.count`)} value={count} />,
                },
                {
                  name: 'Oldest',
                  numeric: true,
                  cell: ({ oldestSeconds }, index) => (
                    <Seconds at={at(`attention.${index}.oldestSeconds`)} value={oldestSeconds} />
                  ),
                },
                { name: 'Next step', cell: ({ advice }) => advice ?? 'none is known' },
              ]}
            />
          )}
          <p class="muted">
            <Value at={at('pending')} value={pending} /> pending,{' '}
            <Value at={at('acknowledged')} value={acknowledged} /> acknowledged,{' '}
            <Value at={at('silenced')} value={silenced} /> silenced. The rules were evaluated{' '}
            {evaluatedAt === null ? 'never' : <Ago iso={evaluatedAt} />}.
          </p>
        </>
      )}
    </Panel>
  )
}

function Checks({ of }: { of: Resource<Readiness> }) {
  return (
    <Panel title="Readiness" of={of} size={4} wide asOf={({ asOf }) => asOf}>
      {({ checks }) => (
        <Table
          caption="Checks of the parts that the Worker needs"
          rows={checks}
          rowKey={({ name }) => name}
          columns={[
            { name: 'Part', cell: ({ name }) => name },
            {
              name: 'State',
              cell: ({ ok }) => <Badge word={ok ? 'ok' : 'failed'} tone={ok ? 'ok' : 'bad'} />,
            },
            { name: 'Detail', cell: ({ detail }) => detail },
            {
              name: 'Age',
              numeric: true,
              cell: ({ ageSeconds }, index) =>
                ageSeconds === null ? (
                  <span class="muted">now</span>
                ) : (
                  <Seconds at={`/readyz#checks.${index}.ageSeconds`} value={ageSeconds} />
                ),
            },
          ]}
        />
      )}
    </Panel>
  )
}
