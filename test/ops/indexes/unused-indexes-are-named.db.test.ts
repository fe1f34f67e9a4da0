import { beforeEach, expect, it } from 'vitest'
import { recordRelations } from '../../../functions/core/relation-days.ts'
import { listIndexes } from '../../../functions/ops/indexes/list.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'

await untilLasts('day', 60)
const { database, ctx } = await freshEnvironment()
const { admin } = database

await admin.query('create table things (id int primary key, word text)')
await admin.query('create index things_word on things (word)')
await admin.query('create index things_word_again on things (word)')
await admin.query(`comment on index things_word is 'things by their word'`)

beforeEach(async () => {
  await admin.query('truncate core.relation_days')
})

/** The recorded scans of `things_word`, the newest last, which is that of yesterday. */
const record = (...scans: number[]) =>
  admin.query(
    `insert into core.relation_days (relation, day, bytes, scans)
    select 'public.things_word', current_date - $1::int + n::int - 1, 0, scans
    from unnest($2::bigint[]) with ordinality s (scans, n)`,
    [scans.length, scans],
  )

const shown = async (name = 'public.things_word') =>
  (await listIndexes(ctx())).data.find((index) => index.name === name)

it('an index without a scan for fourteen recorded days is unused', async () => {
  await record(...Array.from({ length: 15 }, () => 0))
  expect(await shown()).toMatchObject({
    verdict: 'unused',
    unusedDays: 15,
    recordedDays: 15,
    serves: 'things by their word',
  })
})

it('before fourteen days it is too early to say', async () => {
  expect(await shown()).toMatchObject({ verdict: 'too early to say', unusedDays: null, recordedDays: 0 })
  await record(0, 0, 0)
  expect(await shown()).toMatchObject({ verdict: 'too early to say', unusedDays: 3 })
})

it('a restart of Postgres, which sets its counters to zero, hides no use', async () => {
  await record(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90, 3, 3)
  expect(await shown()).toMatchObject({ verdict: 'used', unusedDays: 2 })
  await admin.query('truncate core.relation_days')
  // All counts before the restart, none since.
  await record(90, ...Array.from({ length: 19 }, () => 90), 0, 0)
  expect(await shown()).toMatchObject({ verdict: 'unused', unusedDays: 22 })
})

it('an index that enforces a key is never unused', async () => {
  expect(await shown('public.things_pkey')).toMatchObject({ verdict: 'constraint', constraint: true })
})

it('two indexes of the same shape name each other', async () => {
  expect((await shown())?.duplicateOf).toBe('public.things_word_again')
  expect((await shown('public.things_word_again'))?.duplicateOf).toBe('public.things_word')
  expect((await shown('public.things_pkey'))?.duplicateOf).toBeNull()
})

it('the job records each table and index once a day and forgets what is older than sixty days', async () => {
  await admin.query(
    `insert into core.relation_days (relation, day, bytes) values ('public.gone', current_date - 61, 1)`,
  )
  const [first] = await ctx().db.query<{ answer: { rows: number } }>(recordRelations())
  await ctx().db.query(recordRelations())
  expect(JSON.stringify(first)).toContain('"rows"')
  const { rows } = await admin.query(
    `select relation, count(*)::int as times from core.relation_days where relation ~ '^public' group by 1 order by 1`,
  )
  expect(rows).toEqual(
    ['public.things', 'public.things_pkey', 'public.things_word', 'public.things_word_again'].map(
      (relation) => ({
        relation,
        times: 1,
      }),
    ),
  )
})
