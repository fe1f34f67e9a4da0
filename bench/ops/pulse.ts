import { jobs } from '../../cron/index.ts'
import { modules } from '../../functions/modules.ts'
import { readPulse } from '../../functions/ops/pulse/read.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, median, mustBe } from '../method.ts'

const open = 100

/** The pulse with a hundred open alerts among a hundred thousand that have ended. */
export const pulse: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  const rules = modules.flatMap(({ watch }) => watch?.({ jobs }).rules ?? [])
  await owner.query(
    `insert into core.alerts (rule, labels, state, severity, since, seen_at, fired_at, ended_at)
    select ($1::text[])[1 + n % cardinality($1::text[])], jsonb_build_object('n', n),
      case when n <= ${open} then 'firing' else 'resolved' end, 'warning', now(), now(), now(),
      case when n > ${open} then now() end
    from generate_series(1, 100000) n`,
    [rules.map(({ name }) => name)],
  )
  await owner.query(`insert into core.silences (rule, labels, reason, by, until)
    select 'nothing', '{}', 'bench', 'bench', now() + interval '1 day' from generate_series(1, 50)`)
  await owner.query('analyze')
  const ctx = contextOver(client, { role: 'admin', sub: 'bench', tenantId: null })
  await compare(
    {
      name: `ops pulse with ${open} open alerts`,
      unit: 'ms',
      database: owner,
      ours: {
        name: 'one statement',
        turn: ({ seconds }) =>
          closedLoop({
            clients: 1,
            seconds,
            count: 50,
            operation: async () => (await readPulse(ctx, rules), 1),
          }),
        verify: async () => {
          const { attention } = await readPulse(ctx, rules)
          const firing = attention.filter(({ kind }) => kind !== 'evaluator')
          mustBe(
            firing.reduce((sum, { count }) => sum + count, 0),
            open,
            'the alerts of the pulse',
          )
        },
      },
      baseline: null,
      value: ({ latenciesMs }) => median(latenciesMs),
    },
    pace,
  )
}
