import { expect, it } from 'vitest'
import { listAllDeliveries } from '../../../functions/webhooks/deliveries/list-all.ts'
import { replayThese } from '../../../functions/webhooks/deliveries/replay-these.ts'
import { untilWaiting } from '../../core/barrier.ts'
import { freshEnvironment, tally } from '../../core/environment.ts'
import { endpoints } from '../../support/system.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 20 })
const { admin } = database
const operator = (sub = 'ann') => ctx({ principal: { role: 'admin', sub, tenantId: null } })

async function webhook(owner: string): Promise<number> {
  const { rows } = await admin.query(
    `insert into webhooks.webhooks (owner, slot, url, events, secret) values ($1, 1, 'https://example.com/', '{*}', 'x') returning id`,
    [owner],
  )
  return Number(rows[0].id)
}

/** Deliveries of one webhook, oldest first. */
async function deliveries(webhookId: number, states: readonly string[]): Promise<number[]> {
  const { rows } = await admin.query(
    `insert into webhooks.webhook_deliveries
      (webhook_id, event_id, subject, type, body, state, reason, give_up_at, finished_at)
    select $1, 'evt_' || n, 's', 'test.done', '{"secret": "body"}', state, case state when 'dead' then 'answered 410' end,
      now(), case when state <> 'waiting' then now() end
    from unnest($2::text[]) with ordinality given (state, n)
    order by n
    returning id`,
    [webhookId, states],
  )
  return rows.map(({ id }) => Number(id))
}

const [ours, theirs, removed] = [
  await webhook('tenant:7'),
  await webhook('store:3'),
  await webhook('tenant:9'),
]
const ofOurs = await deliveries(ours, ['dead', 'dead', 'waiting'])
const ofTheirs = await deliveries(theirs, ['dead', 'dead', 'delivered'])
const ofRemoved = await deliveries(removed, ['dead'])
await admin.query('update webhooks.webhooks set removed_at = now() where id = $1', [removed])
const [first = 0, second = 0, waiting = 0] = ofOurs
const [third = 0, fourth = 0, delivered = 0] = ofTheirs
const [gone = 0] = ofRemoved

const listed = async (before: number | null = null, limit = 10) =>
  (await listAllDeliveries(operator(), { state: 'dead', before, limit })).map(({ id, owner }) => ({
    id,
    owner,
  }))

it('the operator sees the dead deliveries of all owners, newest first and without bodies', async () => {
  const all = [
    { id: fourth, owner: 'store:3' },
    { id: third, owner: 'store:3' },
    { id: second, owner: 'tenant:7' },
    { id: first, owner: 'tenant:7' },
  ]
  expect(await listed()).toEqual(all)
  expect(await listed(fourth, 2)).toEqual(all.slice(1, 3))
  const whole = await listAllDeliveries(operator(), { state: 'dead', before: null, limit: 10 })
  expect(JSON.stringify(whole)).not.toContain('secret')
  const paths = endpoints.filter(({ path }) => path.startsWith('/v1/ops/deliveries'))
  expect(paths.map(({ roles }) => roles)).toEqual([['admin'], ['admin']])
})

it('exactly the wanted ones are sent again, each once, when four operators want them at once', async () => {
  const ids = [delivered, second, gone, 999_999, third, waiting]
  const keeper = await database.connect()
  await keeper.query('begin')
  await keeper.query('select from webhooks.webhook_deliveries where id = $1 for update', [second])
  const replays = ['ann', 'bob', 'cid', 'dee'].map((sub) => replayThese(operator(sub), { ids }))
  await untilWaiting(database, replays.length)
  await keeper.query('commit')
  const answers = await Promise.all(replays)
  for (const { data } of answers) expect(data.map(({ id }) => id)).toEqual(ids)
  const outcomesOf = (wanted: number) =>
    tally(answers.flatMap(({ data }) => data.filter(({ id }) => id === wanted).map(({ outcome }) => outcome)))
  for (const id of [second, third]) expect(outcomesOf(id)).toEqual({ requeued: 1, not_dead: 3 })
  for (const id of [delivered, waiting]) expect(outcomesOf(id)).toEqual({ not_dead: 4 })
  for (const id of [gone, 999_999]) expect(outcomesOf(id)).toEqual({ not_found: 4 })
  expect((await listed()).map(({ id }) => id)).toEqual([fourth, first])
  const { rows } = await admin.query(
    `select id::int, replays from webhooks.webhook_deliveries where replays > 0 or state = 'waiting' order by id`,
  )
  expect(rows).toEqual([
    { id: second, replays: 1 },
    { id: waiting, replays: 0 },
    { id: third, replays: 1 },
  ])
  const noted = await admin.query(`select subject from core.operator_actions order by subject`)
  expect(noted.rows).toEqual([second, third].map((id) => ({ subject: `delivery:${id}` })))
})
