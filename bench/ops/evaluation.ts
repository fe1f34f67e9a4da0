import type pg from 'pg'
import { jobs } from '../../cron/index.ts'
import type { Rule, Watch } from '../../functions/core/watch.ts'
import { modules } from '../../functions/modules.ts'
import { judgeValues } from '../../functions/ops/alerts/judge.ts'
import { measureRules } from '../../functions/ops/alerts/measure.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, median, mustBe } from '../method.ts'

const fewest = 40
const things = 100

/** All rules over full tables: their values read and decided, with the values of fourteen days kept. */
export const evaluation: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  const watches = watchedRules()
  const rules = watches.flatMap((watch) => watch.rules).length
  await givenHistory(owner, rules)
  // No gatherer is bound here. So the rules over its series are unknown, and each evaluation would log that.
  const log = { info: () => undefined, error: () => undefined }
  const ctx = Object.assign(contextOver(client, { role: 'admin', sub: 'bench', tenantId: null }), { log })
  // Each evaluation has a minute of its own, after all that are kept.
  let minute = Date.now()
  const evaluate = async () => {
    minute += 60_000
    const then = { ...ctx, now: () => new Date(minute) }
    const measurement = await measureRules(then, watches)
    await ctx.db.query(judgeValues(then, measurement, null))
  }
  await compare(
    {
      name: `ops evaluation of ${rules} rules, ${things} of their things firing`,
      unit: 'ms',
      database: owner,
      ours: {
        name: 'two batches and one statement',
        turn: ({ seconds }) =>
          closedLoop({ clients: 1, seconds, count: 20, operation: async () => (await evaluate(), 1) }),
        verify: async () => {
          const { rows } = await owner.query(
            `select count(*)::int as open, count(distinct rule)::int as rules from core.alerts where state = 'firing' and rule = 'orders_late'`,
          )
          mustBe(rows[0], { open: things, rules: 1 }, 'the open alerts')
        },
      },
      baseline: null,
      value: ({ latenciesMs }) => median(latenciesMs),
    },
    pace,
  )
}

/** The rules of all rows, one whose hundred things all fire, and some of them twice while they are fewer than forty. */
export function watchedRules(): Watch[] {
  const watches = modules.flatMap(({ watch }) => watch?.({ jobs }) ?? [])
  const own = watches.flatMap((watch) => watch.rules.map((rule) => ({ rule, watch })))
  const again = own.slice(0, Math.max(0, fewest - 1 - own.length)).map(({ rule, watch }) => ({
    ...watch,
    queues: [],
    rules: [Object.assign({}, rule, { name: `${rule.name}_again` })],
  }))
  return [...watches, ...again, { rules: [manyFiring] }]
}

const manyFiring: Rule = {
  name: 'orders_late',
  severity: 'warning',
  unit: 'seconds',
  raise: 0,
  clear: 0,
  pendingFor: 0,
  clearFor: 0,
  absent: 'clear',
  read: async () =>
    Array.from({ length: things }, (_, thing) => ({ labels: { thing }, value: 1 + (thing % 7) })),
  advice: 'None.',
}

/** Fourteen days of values of these rules, and ten days of runs of all jobs. */
export async function givenHistory(owner: pg.Pool, rules: number): Promise<void> {
  await owner.query(`insert into core.alert_values (rule, at, measured)
    select 'rule_' || rule, now() - minute * interval '1 minute', '[{"labels": {}, "value": 1}]'
    from generate_series(1, ${rules}) rule, generate_series(1, 20160) minute`)
  await owner.query(`insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome, rows)
    select 'job_' || job, now() - minute * interval '1 minute', 'cron', now() - minute * interval '1 minute',
      now() - minute * interval '1 minute', 'ok', 1
    from generate_series(1, ${jobs.length}) job, generate_series(1, 14400) minute`)
  await owner.query('analyze')
}
