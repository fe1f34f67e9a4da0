import type { z } from 'zod'
import type { Caches } from '../../functions/ops/caches/contract.ts'
import type { Connections } from '../../functions/ops/connections/contract.ts'
import type { Cancelled, Locks } from '../../functions/ops/locks/contract.ts'
import type { Replica, Replicas } from '../../functions/ops/replicas/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Bytes } from '../parts/bytes.tsx'
import { Ms, Seconds, Share } from '../parts/measured.tsx'
import { counted } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { TablePanel } from '../parts/table-panel.tsx'
import { Fact, Facts, Left, Value, When } from '../parts/value.tsx'
import { OpsSections } from './words.tsx'

export function page() {
  const connections = useResource<Connections>('/v1/ops/connections', { every: 60 })
  const locks = useResource<Locks>('/v1/ops/locks', { every: 30 })
  const replicas = useResource<Replicas>('/v1/ops/replicas', { whenSeen: true, every: 60 })
  const caches = useResource<Caches>('/v1/ops/caches', { whenSeen: true, every: 60 })
  return (
    <Page
      title="Database"
      sentence="The sessions of Postgres and their locks, the replicas, and the caches of the Worker."
    >
      <OpsSections />
      <Grid>
        <ConnectionsPanel of={connections} />
        <HorizonPanel of={locks} />
        <LocksPanel of={locks} />
        <ReplicasPanel of={replicas} />
        <CachesPanel of={caches} />
      </Grid>
    </Page>
  )
}

function ConnectionsPanel({ of }: { of: Resource<Connections> }) {
  const at = (field: string) => `${of.path}#${field}`
  return (
    <Panel title="Connections" of={of} size={5} asOf={({ asOf }) => asOf}>
      {(data) => (
        <>
          <p class="arithmetic">{data.sum}</p>
          <Facts>
            <Fact name="In use">
              <Value at={at('used')} value={data.used} /> of{' '}
              <Value at={at('available')} value={data.available} />,{' '}
              <Share at={at('usedShare')} value={data.usedShare} />
            </Fact>
            <Fact name="Pool of the Worker">
              <Value at={at('pool.size')} value={data.pool.size} />
              {data.pool.pooled ? ' behind the pooler of Neon' : ' direct'}
            </Fact>
            <Fact name="Needed by the Worker">
              <Value at={at('need')} value={data.need} {...(data.why !== null && { why: data.why })} />
            </Fact>
            <Fact name="Kept by Postgres">
              <Value at={at('reserved')} value={data.reserved} /> of{' '}
              <Value at={at('maxConnections')} value={data.maxConnections} />
            </Fact>
            <Fact name="Oldest transaction">
              {data.oldestTransactionSeconds === null ? (
                'none is open'
              ) : (
                <Seconds at={at('oldestTransactionSeconds')} value={data.oldestTransactionSeconds} />
              )}
            </Fact>
          </Facts>
          <Table
            caption="Connections by role, application and state"
            rows={data.groups.map((group, index) => ({ ...group, index }))}
            rowKey={({ index }) => index}
            columns={[
              { name: 'Role', cell: ({ role }) => role ?? 'unknown' },
              { name: 'Application', cell: ({ application }) => application || 'unnamed' },
              { name: 'State', cell: ({ state }) => state ?? 'unknown' },
              {
                name: 'Count',
                numeric: true,
                cell: ({ count, index }) => <Value at={at(`groups.${index}.count`)} value={count} />,
              },
            ]}
          />
        </>
      )}
    </Panel>
  )
}

function HorizonPanel({ of }: { of: Resource<Locks> }) {
  return (
    <Panel
      title="Snapshots that keep dead rows"
      of={of}
      size={5}
      asOf={({ asOf }) => asOf}
      empty={{
        when: ({ horizon }) => horizon.length === 0,
        why: 'No session has an old snapshot: vacuum removes every dead row, and feeds read up to now.',
      }}
    >
      {({ horizon }) => (
        <Table
          caption="Sessions whose snapshot keeps dead rows, the oldest first"
          rows={horizon}
          rowKey={({ pid }) => pid}
          columns={[
            { name: 'Session', cell: ({ pid, role }) => `${pid} ${role ?? ''}` },
            { name: 'State', cell: ({ state }) => state ?? 'unknown' },
            {
              name: 'Open for',
              numeric: true,
              cell: ({ xactMs }, index) => <Ms at={`${of.path}#horizon.${index}.xactMs`} value={xactMs} />,
            },
            {
              name: 'Transactions since',
              numeric: true,
              cell: ({ xminAge }, index) => (
                <Value at={`${of.path}#horizon.${index}.xminAge`} value={xminAge} />
              ),
            },
          ]}
        />
      )}
    </Panel>
  )
}

type Session = Locks['sessions'][number]

/** A tree: each session stands below the one that it waits for. */
function LocksPanel({ of }: { of: Resource<Locks> }) {
  const cancel = useAction<z.infer<typeof Cancelled>>()
  async function end({ pid, xactStart }: Session): Promise<void> {
    const done = await cancel.send(`/v1/ops/locks/${pid}/cancel`, { body: { xactStart } })
    await of.reload()
    if (done) announce(`The statement of session ${pid} is cancelled`)
  }
  return (
    <Panel
      title="Locks"
      of={of}
      size={3}
      wide
      asOf={({ asOf }) => asOf}
      empty={{ when: ({ sessions }) => sessions.length === 0, why: 'No session waits for another one.' }}
    >
      {({ sessions }) => (
        <>
          <Table
            caption="Sessions that wait, each below the session that it waits for"
            rows={sessions}
            rowKey={({ pid }) => pid}
            columns={[
              {
                name: 'Session',
                cell: ({ pid, role, depth, blockedBy }) => (
                  <span class={`depth depth-${Math.min(depth, 5)}`}>
                    {depth > 0 && <span aria-hidden="true">└ </span>}
                    {pid} {role ?? ''}
                    {blockedBy.length > 0 && (
                      <span class="visually-hidden"> waits for {blockedBy.join(', ')}</span>
                    )}
                  </span>
                ),
              },
              { name: 'Statement', cell: ({ name, application }) => name ?? (application || 'unnamed') },
              {
                name: 'State',
                cell: ({ state, depth }) => (
                  <Badge
                    word={depth === 0 ? `blocks others, ${state ?? 'unknown'}` : 'waits'}
                    tone={depth === 0 ? 'bad' : 'warn'}
                  />
                ),
              },
              {
                name: 'Waits for',
                cell: ({ type, lock, relation, mode }) =>
                  type === null ? 'nobody' : `${lock ?? relation ?? type}, ${mode}`,
              },
              {
                name: 'Waiting',
                numeric: true,
                cell: ({ waitMs, depth }, index) =>
                  depth === 0 ? 'not' : <Ms at={`${of.path}#sessions.${index}.waitMs`} value={waitMs} />,
              },
              {
                name: 'Transaction',
                numeric: true,
                cell: ({ xactMs }, index) => <Ms at={`${of.path}#sessions.${index}.xactMs`} value={xactMs} />,
              },
              {
                name: 'Action',
                cell: (session) =>
                  session.own && session.xactStart !== null ? (
                    <ActButton
                      label={`Cancel the statement of ${session.pid}`}
                      action={cancel}
                      final
                      act={() => end(session)}
                    />
                  ) : (
                    <span class="muted">not the Worker’s role</span>
                  ),
              },
            ]}
          />
          {cancel.problem.value && <Failure problem={cancel.problem.value} />}
        </>
      )}
    </Panel>
  )
}

function ReplicasPanel({ of }: { of: Resource<Replicas> }) {
  return (
    <TablePanel
      title="Replicas"
      of={of}
      size={2}
      none="No replica is configured: the primary answers all reads."
      command="REPLICAS=2 npm start"
      rowKey={(replica) => replica.number}
      columns={[
        { name: 'Replica', cell: (replica) => `${replica.number}: ${replica.host}` },
        { name: 'State', cell: (replica) => <ReplicaState of={replica} /> },
        {
          name: 'Lag',
          numeric: true,
          cell: ({ lagSeconds, why }, index) => (
            <Seconds
              at={`${of.path}#data.${index}.lagSeconds`}
              value={lagSeconds}
              {...(why !== null && { why })}
            />
          ),
        },
        { name: 'Reads served', field: 'outcomes.served' },
        { name: 'Reads behind', field: 'outcomes.behind' },
        { name: 'Reads stale', field: 'outcomes.stale' },
        { name: 'Reads out', field: 'outcomes.out' },
        { name: 'Reads cancelled', field: 'outcomes.cancelled' },
      ]}
    />
  )
}

function ReplicaState({ of: { reachable, why, outUntil, replayPaused } }: { of: Replica }) {
  if (!reachable) return <Badge word={`away: ${why ?? 'unknown'}`} tone="bad" />
  if (outUntil !== null)
    return (
      <>
        <Badge word="left out" tone="warn" /> <Left iso={outUntil} />
      </>
    )
  if (replayPaused) return <Badge word="replay is paused" tone="warn" />
  return <Badge word="takes part" tone="ok" />
}

function CachesPanel({ of }: { of: Resource<Caches> }) {
  return (
    <TablePanel
      title="Caches"
      of={of}
      size={3}
      none="The isolate that answered has used no cache yet."
      caption="Caches of one isolate"
      rowKey={({ name }) => name}
      columns={[
        { name: 'Cache', cell: ({ name }) => name },
        { name: 'Hits', field: 'hitRatio', as: Share },
        { name: 'In the isolate', field: 'hits.isolate' },
        { name: 'Shared', field: 'hits.shared' },
        { name: 'Stale', field: 'stale' },
        { name: 'Misses', field: 'misses' },
        { name: 'Load p95', field: 'loadP95Ms', as: Ms },
        { name: 'Size', field: 'bytes', as: Bytes },
        {
          name: 'Oldest',
          numeric: true,
          cell: ({ oldestSeconds, entries }, index) =>
            entries === 0 ? (
              <span class="muted">empty</span>
            ) : (
              <Seconds at={`${of.path}#data.${index}.oldestSeconds`} value={oldestSeconds} />
            ),
        },
      ]}
    >
      {({ shared, asOf }) => (
        <p class="muted">
          Figures of the one isolate that answered at <When iso={asOf} short={false} />; the shared layer is{' '}
          {shared.layer}
          {shared.entries === null ? '' : `, with ${counted(shared.entries, 'key')}`}
          {shared.skippedUntil === null ? '' : ', which is skipped after a failure'}.
        </p>
      )}
    </TablePanel>
  )
}
