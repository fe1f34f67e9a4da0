import type { z } from 'zod'
import type { Replay, RuleSet } from '../../functions/clicks/rules/contract.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { countOf, First } from '../parts/first.tsx'
import { counted, number } from '../parts/numbers.ts'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Money, Value, When } from '../parts/value.tsx'
import { dayMs } from '../parts/window.ts'
import { toneOf } from './words.ts'

type Set = z.infer<typeof RuleSet>
type Replayed = z.infer<typeof Replay>
type Sets = { data: Set[]; nextCursor: string | null }
type Replays = { data: Replayed[] }

const setsAt = '/v1/clicks/rule-sets?limit=20'
const replaysAt = '/v1/clicks/replays?limit=50'

/** The rules that decide whether a click is valid, and drafts with what they would change. */
export function Rules() {
  const sets = useResource<Sets>(setsAt, { whenSeen: true, every: 120 })
  const replays = useResource<Replays>(replaysAt, { wanted: sets.data.value !== null, every: 30 })
  return (
    <Panel
      title="Rules about clicks"
      of={sets}
      size={3}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'There are no rules: every click is valid.' }}
    >
      {({ data, nextCursor }) => (
        <>
          {data.map((set, nth) => (
            <RuleSetShown
              key={set.id}
              set={set}
              at={`${setsAt}#data.${nth}`}
              sets={sets}
              replays={replays}
              found={(replays.data.value?.data ?? []).findIndex(({ ruleSetId }) => ruleSetId === set.id)}
            />
          ))}
          <First shown={data.length} of={countOf({ data, nextCursor })} what="sets of rules" />
        </>
      )}
    </Panel>
  )
}

type SetOf = { set: Set; at: string; sets: Resource<Sets>; replays: Resource<Replays>; found: number }

function RuleSetShown({ set, at, sets, replays, found }: SetOf) {
  const replay = replays.data.value?.data[found] ?? null
  const start = useAction<Replayed>()
  const activate = useAction<unknown>()
  return (
    <details class="set" open={set.state !== 'retired'}>
      <summary>
        <strong>{set.name}</strong>{' '}
        <Badge word={set.state} tone={set.state === 'active' ? 'ok' : toneOf(set.state)} />{' '}
        <span class="muted">
          {set.activatedAt === null ? (
            <>
              created <Ago iso={set.createdAt} />
            </>
          ) : (
            <>
              in force since <When iso={set.activatedAt} />
            </>
          )}
        </span>
      </summary>
      <Table
        caption={`Rules of ${set.name}`}
        rows={set.rules}
        rowKey={({ name }) => name}
        columns={[
          { name: 'Rule', cell: ({ name }) => name },
          { name: 'Holds when', cell: (rule) => <code>{conditionOf(rule)}</code> },
          {
            name: 'Weight',
            numeric: true,
            cell: ({ weight }, index) => <Value at={`${at}.rules.${index}.weight`} value={weight} />,
          },
          { name: 'Class', cell: (rule) => (rule.class === 'G' ? 'general' : 'sophisticated') },
          { name: 'Reason', cell: ({ reason }) => reason },
        ]}
      />
      <p class="muted">A click is invalid when the weights of the rules that hold add up to 100.</p>
      {replay && <ReplayShown replay={replay} at={`${replaysAt}#data.${found}`} />}
      {set.state === 'draft' && (
        <div class="buttons">
          <ActButton
            label="Replay it over the last 7 days: changes nothing"
            action={start}
            disabled={replay?.state === 'running'}
            act={async () => {
              await start.send(`/v1/clicks/rule-sets/${set.id}/replay`, (to) => ({
                body: { from: new Date(to - 7 * dayMs).toISOString(), to: new Date(to).toISOString() },
              }))
              void replays.reload()
            }}
          />
          <ActButton
            label="Let these rules decide from now on"
            action={activate}
            act={async () => {
              await activate.send(`/v1/clicks/rule-sets/${set.id}/activate`, { body: {} })
              void sets.reload()
            }}
          />
        </div>
      )}
      {start.problem.value && <Failure problem={start.problem.value} />}
      {activate.problem.value && <Failure problem={activate.problem.value} />}
    </details>
  )
}

const signs: Record<string, string> = {
  eq: '=',
  ne: '≠',
  lt: '<',
  lte: '≤',
  gt: '>',
  gte: '≥',
  in: 'is one of',
}

export function conditionOf({
  fact,
  op,
  value,
}: Pick<Set['rules'][number], 'fact' | 'op' | 'value'>): string {
  const shown = Array.isArray(value) ? (value.length === 0 ? 'nothing' : value.join(', ')) : String(value)
  return `${fact} ${signs[op] ?? op} ${shown}`
}

function ReplayShown({ replay, at }: { replay: Replayed; at: string }) {
  const { kind, state, judged, changed, invalidated, validated, reclassified, byRule, bySource, examples } =
    replay
  const would = kind === 'replay' ? 'would change' : 'changed'
  return (
    <div class="replay">
      <p>
        <data class="big" value={changed} data-at={`${at}.changed`}>
          {number(changed)}
        </data>{' '}
        of {counted(judged, 'click')} {would}
        {state === 'running' && <Badge word="still counting" tone="accent" />}
        <span class="muted">
          {' '}
          between <When iso={replay.from} /> and <When iso={replay.to} />
        </span>
      </p>
      <p>
        {number(invalidated)} would become invalid, {number(validated)} valid, {number(reclassified)} move to
        another class.
      </p>
      {byRule.length > 0 && (
        <div class="columns">
          <Turned
            caption="By rule"
            at={`${at}.byRule`}
            rows={byRule.map(({ rule, ...turned }) => ({ name: rule, ...turned }))}
          />
          <Turned
            caption="By source"
            at={`${at}.bySource`}
            rows={bySource.map(({ trafficSourceId, ...turned }) => ({
              name: trafficSourceId === null ? 'no source' : `source ${trafficSourceId}`,
              ...turned,
            }))}
          />
        </div>
      )}
      {examples.length > 0 && (
        <details>
          <summary>{counted(examples.length, 'example')}</summary>
          <Table
            caption="Examples of clicks that change"
            rows={examples}
            rowKey={({ id }) => id}
            href={({ id }) => `/app/click/${id}`}
            columns={[
              { name: 'Click', cell: ({ id }) => <code>{id}</code> },
              { name: 'Before', cell: ({ before }) => <Badge word={before} tone={toneOf(before)} /> },
              { name: 'After', cell: ({ after }) => <Badge word={after} tone={toneOf(after)} /> },
              { name: 'Rules that hold', cell: ({ reasons }) => reasons.join(', ') || 'none' },
            ]}
          />
        </details>
      )}
    </div>
  )
}

type TurnedRow = { name: string; clicks: number; revenue: { currency: string; minor: number }[] }

function Turned({ caption, rows, at }: { caption: string; rows: readonly TurnedRow[]; at: string }) {
  return (
    <div>
      <h3>{caption}</h3>
      <Table
        caption={caption}
        rows={rows}
        rowKey={({ name }) => name}
        columns={[
          { name: 'Name', cell: ({ name }) => name },
          {
            name: 'Clicks',
            numeric: true,
            cell: ({ clicks }, index) => <Value at={`${at}.${index}.clicks`} value={clicks} />,
          },
          {
            name: 'Revenue',
            numeric: true,
            cell: ({ revenue }, index) =>
              revenue.length === 0
                ? 'none'
                : revenue.map(({ minor, currency }, nth) => (
                    <span key={currency}>
                      {nth > 0 && ', '}
                      <Money at={`${at}.${index}.revenue.${nth}.minor`} minor={minor} currency={currency} />
                    </span>
                  )),
          },
        ]}
      />
    </div>
  )
}
