import type { Timeline } from '../../functions/ops/timelines/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Copy } from '../parts/copy.tsx'
import { duration } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { moment } from '../parts/times.ts'
import { When } from '../parts/value.tsx'

type Entry = Timeline['entries'][number]

const tones: Record<Entry['lane'], Tone> = {
  request: 'accent',
  event: 'ok',
  outbox: 'plain',
  delivery: 'plain',
  attempt: 'plain',
  job: 'unknown',
  alert: 'bad',
}

/** The lanes that occur, each a column, in the order in which a request takes effect. */
function lanesOf(entries: readonly Entry[]): Entry['lane'][] {
  const found = new Set(entries.map(({ lane }) => lane))
  return Object.keys(tones).filter((lane): lane is Entry['lane'] => found.has(lane as Entry['lane']))
}

/** A longer pause is one line with its length. */
const longPauseMs = 60_000

/** Everything that happened to one thing, on one time axis. */
export function page({ params: { kind = '', id = '' } }: { params: Record<string, string> }) {
  const timeline = useResource<Timeline>(
    `/v1/ops/timeline/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`,
    { every: 30 },
  )
  const data = timeline.data.value
  return (
    <Page
      title={`Timeline of ${kind} ${id}`}
      sentence="Everything that happened to one thing: requests, events, deliveries with their attempts, and alerts."
      tools={data && <Copy label="Copy as text" text={() => textOf(data)} />}
    >
      <Panel
        title="Story"
        of={timeline}
        size={5}
        wide
        asOf={({ asOf }) => asOf}
        empty={{ when: ({ entries }) => entries.length === 0, why: 'Nothing is known of it.' }}
      >
        {({ entries, more, requests }) => (
          <>
            {more && <p class="muted">Older entries are left out: the newest {entries.length} are shown.</p>}
            {requests === 'unknown' && (
              <p class="muted">
                No request is shown: they had no Idempotency-Key, or their keys are older than a day.
              </p>
            )}
            <ol class={`timeline lanes-${lanesOf(entries).length}`}>
              {entries.flatMap((entry, index) => {
                const pause =
                  index === 0 ? 0 : Date.parse(entry.at) - Date.parse(entries[index - 1]?.at ?? entry.at)
                const key = `${entry.at} ${entry.lane} ${entry.type} ${JSON.stringify(entry.refs)}`
                return [
                  pause > longPauseMs && (
                    <li key={`pause before ${key}`} class="gap">
                      {duration(pause)} later
                    </li>
                  ),
                  <li key={key}>
                    <span class="muted">
                      <When at={`${timeline.path}#entries.${index}.at`} iso={entry.at} short={false} />
                    </span>
                    {lanesOf(entries).map((lane) =>
                      lane === entry.lane ? (
                        <Badge key={lane} word={lane} tone={tones[lane]} />
                      ) : (
                        <span key={lane} class="other-lane" aria-hidden="true" />
                      ),
                    )}
                    <span>
                      <strong>{entry.type}</strong> {entry.text} <Refs of={entry} here={`${kind} ${id}`} />
                    </span>
                  </li>,
                ]
              })}
            </ol>
          </>
        )}
      </Panel>
    </Page>
  )
}

/** Ids that lead on; those that have a timeline are links. */
function Refs({ of: { refs }, here }: { of: Entry; here: string }) {
  return (
    <>
      {Object.entries(refs)
        .filter(([name, value]) => `${name} ${String(value)}` !== here && value !== null)
        .map(([name, value]) => (
          <span key={name}>
            {' '}
            {name}{' '}
            {kinds.has(name) ? (
              <a href={`/app/timeline/${name}/${encodeURIComponent(String(value))}`}>{String(value)}</a>
            ) : (
              <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
            )}
          </span>
        ))}
    </>
  )
}

const kinds = new Set([
  'order',
  'bet',
  'payment',
  'account',
  'click',
  'conversion',
  'node',
  'zone',
  'request',
])

function textOf({ kind, id, entries }: Timeline): string {
  const lines = entries.map(
    ({ at, lane, type, text }) => `${moment(at, { inZone: 'UTC' })}\t${lane}\t${type}\t${text ?? ''}`,
  )
  return [`${kind} ${id}`, ...lines].join('\n')
}
