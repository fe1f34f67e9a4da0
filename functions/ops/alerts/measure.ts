import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Rule, Value, Watch } from '../../core/watch.ts'
import { comparison } from '../decide.ts'
import { tuneRules } from '../rules/tune.ts'
import { type Answer, readWatched } from './read-watched.ts'

type Labels = Value['labels']
type Shown = { labels: Labels; shown: unknown[] }

export type Measured = {
  rule: string
  labels: Labels
  value: number | null
  /** Why the value is not known. */
  why: string | null
  evidence: unknown[]
  mark?: Value['mark']
}

/** `failed`: the statement of the rule gave no answer. */
export type Measurement = { rules: readonly (Rule & { failed: boolean })[]; measured: Measured[] }

const mostEvidence = 20

/**
 * The values of all rules, read in one read-only batch, and the evidence of those beyond their limit, read in a second one. If
 * the batch fails, each statement is repeated alone: a faulty rule is unknown, and the others have their values.
 */
export async function measureRules(ctx: Ctx, watches: readonly Watch[]): Promise<Measurement> {
  const rules = watches.flatMap((watch) => tuneRules(ctx, watch.rules).map((rule) => ({ rule, watch })))
  const inPostgres = rules.flatMap(({ rule, watch }) => ('value' in rule ? [{ rule, watch }] : []))
  const [answers, elsewhere] = await Promise.all([
    readWatched<Value>(
      ctx,
      inPostgres.map(({ rule, watch }) => ({
        watch,
        verb: `ops.rule-${rule.name}`,
        statement: rule.value(ctx),
      })),
    ),
    Promise.all(rules.map(async ({ rule }) => ('read' in rule ? readElsewhere(ctx, rule.read) : null))),
  ])
  const answerOf = new Map(inPostgres.map(({ rule }, at) => [rule.name, answers[at]]))
  const values = rules.map(({ rule, watch }, at) => ({
    rule,
    watch,
    answer: elsewhere[at] ?? answerOf.get(rule.name) ?? neverRead,
  }))
  const evident = values.filter(
    ({ rule, answer }) => rule.evidence && answer.ok && isRaised(rule, answer.rows),
  )
  const evidence = await readWatched<Shown>(
    ctx,
    evident.map(({ rule, watch }) => ({
      watch,
      verb: `ops.evidence-${rule.name}`,
      statement: limited(rule.evidence?.(ctx) ?? sql``),
    })),
  )
  const shownOf = new Map(
    evident.map(({ rule }, at) => {
      const answer = evidence[at]
      return [rule.name, answer?.ok ? answer.rows : []]
    }),
  )
  return {
    rules: values.map(({ rule, answer }) => ({ ...rule, failed: !answer.ok })),
    measured: values.flatMap(({ rule, answer }) => measuredBy(rule, answer, shownOf.get(rule.name) ?? [])),
  }
}

const neverRead = { ok: false, why: 'not read' } as const

async function readElsewhere(
  ctx: Ctx,
  read: (ctx: Ctx) => Promise<readonly Value[]>,
): Promise<Answer<Value>> {
  try {
    return { ok: true, rows: [...(await read(ctx))] }
  } catch (error) {
    ctx.log.error('alert rule', error, {})
    return { ok: false, why: 'the value could not be read' }
  }
}

/** Up to 20 rows of each thing. */
function limited(evidence: SQL): SQL {
  return sql`
select labels, jsonb_agg(shown) as shown
from (
  select labels, shown, row_number() over (partition by labels) as place
  from (${evidence}) e (labels, shown)
) numbered
where place <= ${mostEvidence}
group by labels`
}

function isRaised(rule: Rule, rows: readonly Value[]): boolean {
  return rows.some(({ value }) => value !== null && !comparison(rule, value).cleared)
}

function measuredBy(rule: Rule, answer: Answer<Value>, evidence: readonly Shown[]): Measured[] {
  if (!answer.ok) return [{ rule: rule.name, labels: {}, value: null, why: answer.why, evidence: [] }]
  if (answer.rows.length === 0 && rule.absent === undefined)
    return [{ rule: rule.name, labels: {}, value: null, why: 'nothing was measured', evidence: [] }]
  return answer.rows.map(({ labels, value, mark }) => ({
    ...(mark && { mark }),
    rule: rule.name,
    labels,
    value,
    why: value === null ? 'not known' : null,
    evidence: evidence.find((one) => same(one.labels, labels))?.shown ?? [],
  }))
}

/** jsonb orders its keys, so equal labels have equal texts. */
function same(a: Labels, b: Labels): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
