import type pg from 'pg'
import { jobs } from '../../cron/index.ts'
import { recordQueries } from '../../functions/core/record-queries.ts'
import { judgeValues } from '../../functions/ops/alerts/judge.ts'
import { measureRules } from '../../functions/ops/alerts/measure.ts'
import { readGauges } from '../../functions/ops/metrics/read-gauges.ts'
import { readPulse } from '../../functions/ops/pulse/read.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { compare, mustBe } from '../method.ts'
import { givenHistory, watchedRules } from './evaluation.ts'

const minutes = 5
/** A watched system: Prometheus scrapes it every 15 s, and a page reads gauges and the pulse every 10 s. */
const [gaugesRead, pulsesRead] = [4 + 6, 6]

/** The time that the statements of the operator take in Postgres in a minute, as a share of one core. At most 1 %. */
export const share: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  const watches = watchedRules()
  const rules = watches.flatMap((watch) => watch.rules)
  await givenHistory(owner, rules.length)
  const names = jobs.map(({ name }) => name)
  const log = { info: () => undefined, error: () => undefined }
  const ctx = Object.assign(contextOver(client, { role: 'admin', sub: 'bench', tenantId: null }), { log })
  let at = Date.now()
  const minute = async () => {
    at += 60_000
    const then = { ...ctx, now: () => new Date(at) }
    await ctx.db.query(judgeValues(then, await measureRules(then, watches), null))
    for (let n = 0; n < gaugesRead; n += 1) await readGauges(ctx, names)
    for (let n = 0; n < pulsesRead; n += 1) await readPulse(ctx, rules)
  }
  await compare(
    {
      name: 'ops share of the database time of one core',
      unit: '%',
      database: owner,
      value: ({ operations, seconds }) => (100 * seconds) / (60 * operations),
      ours: {
        name: `${minutes} minutes: rules, statistics, scrapes and a page`,
        async turn() {
          // One reading of the statistics is due in five minutes.
          await owner.query(`update core.query_reads set read_at = read_at - interval '5 minutes'`)
          const before = await takenMs(owner)
          for (let n = 0; n < minutes; n += 1) await minute()
          await ctx.db.query(recordQueries())
          const seconds = ((await takenMs(owner)) - before) / 1_000
          return { operations: minutes, seconds, latenciesMs: [0] }
        },
        verify: async () => {
          const { rows } = await owner.query(
            `select count(*)::int as readings from core.query_reads where read_at > now() - interval '4 minutes'`,
          )
          mustBe(rows[0], { readings: 1 }, 'the readings of statistics')
        },
      },
      baseline: null,
    },
    pace,
  )
}

/** The time of all statements of the Worker's role in this database, planning included. */
async function takenMs(owner: pg.Pool): Promise<number> {
  const { rows } = await owner.query<{ ms: number }>(`
select coalesce(sum(total_exec_time + total_plan_time), 0)::float8 as ms
from pg_stat_statements
where toplevel
  and userid <> current_user::regrole::oid
  and dbid = (select oid from pg_database where datname = current_database())`)
  return rows[0]?.ms ?? Number.NaN
}
