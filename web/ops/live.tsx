import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { LiveState } from '../../functions/ops/live/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { milliseconds, number } from '../parts/numbers.ts'
import { useFeed } from '../parts/stream.ts'
import { Table } from '../parts/table.tsx'
import { Ago } from '../parts/value.tsx'

/** Rates and times of this moment. One stream for all tabs; each event is the whole state. */
export function LivePanel() {
  const state = useSignal<LiveState | null>(null)
  const feed = useFeed('/v1/ops/live', {
    event({ type, data }) {
      // The contract of the stream names one event.
      if (type === 'state') state.value = data as LiveState
    },
    anew: () => undefined,
  })
  const now = state.value
  return (
    <section
      class={`panel size-4 wide ${now === null ? 'loading' : feed.value === 'away' ? 'stale' : 'live'}`}
      aria-label="Now"
      data-state={now === null ? 'loading' : feed.value === 'away' ? 'stale' : 'live'}
    >
      <header>
        <h2>Now</h2>
        <p class="fresh">
          {feed.value === 'away' && (
            <Badge word="stale" tone="warn" title="The stream is being connected again" />
          )}
          {now && <Ago iso={now.asOf} />}
        </p>
      </header>
      {now && <Figures of={now} />}
    </section>
  )
}

function Figures({ of }: { of: LiveState }) {
  const rate = (value: number | null) => (value === null ? unknown(of.why) : `${number(value)} /s`)
  const time = (value: number | null) =>
    value === null ? <span class="muted">no calls</span> : milliseconds(value)
  return (
    <div class="body">
      {of.why !== null && <p class="unknown">{of.why}</p>}
      <dl class="figures">
        <Tile name="Requests">{rate(of.requests)}</Tile>
        <Tile name="Errors (5xx)">{rate(of.errors)}</Tile>
        <Tile name="Statements">{rate(of.statements)}</Tile>
        <Tile name="Request p95">{time(of.http.p95Ms)}</Tile>
        <Tile name="Database p95">{time(of.database.p95Ms)}</Tile>
        <Tile name="Isolates">{of.isolates === null ? unknown(of.why) : number(of.isolates)}</Tile>
      </dl>
      {of.routes.length > 0 && (
        <Table
          caption={`The busiest routes of the last ${number(of.seconds)} seconds`}
          rows={of.routes.slice(0, 8)}
          rowKey={({ method, route }) => `${method} ${route}`}
          columns={[
            { name: 'Busiest routes', cell: ({ method, route }) => `${method} ${route}` },
            { name: 'Rate', numeric: true, cell: ({ perSecond }) => `${number(perSecond)} /s` },
            { name: 'p95', numeric: true, cell: ({ p95Ms }) => time(p95Ms) },
          ]}
        />
      )}
    </div>
  )
}

function Tile({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const unknown = (why: string | null) => (
  <span class="unknown" title={why ?? undefined}>
    unknown
  </span>
)
