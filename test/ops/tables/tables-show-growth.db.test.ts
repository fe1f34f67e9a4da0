import { expect, it } from 'vitest'
import { listTables } from '../../../functions/ops/tables/list.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'

await untilLasts('day', 60)
const { database, ctx } = await freshEnvironment()
const { admin } = database

it('a table shows its rows, its sizes, its growth, and how much of its numbers is left', async () => {
  await admin.query(`create table things (id smallint generated always as identity primary key, words text)`)
  await admin.query(`insert into things (words) select repeat('x', 100) from generate_series(1, 5000)`)
  await admin.query('vacuum analyze things')
  const { rows } = await admin.query(`select pg_relation_size('things')::int as bytes`)
  const bytes: number = rows[0].bytes
  await admin.query(
    `insert into core.relation_days (relation, day, bytes) values
      ('public.things', current_date - 20, 0), ('public.things', current_date - 10, ${bytes - 10_000})`,
  )
  const { data } = await listTables(ctx(), 'name')
  const things = data.find(({ name }) => name === 'public.things')
  expect(things).toMatchObject({ rows: 5000, deadRows: 0, tableBytes: bytes, growthBytesPerDay: 1_000 })
  expect(things?.totalBytes).toBeGreaterThan(bytes + (things?.indexBytes ?? 0) - 1)
  expect(things?.vacuumedAt).not.toBeNull()
  expect(things?.identityLeft).toBeCloseTo(1 - 5000 / 32_767, 6)
  expect(data.find(({ name }) => name === 'core.leases')).toMatchObject({
    growthBytesPerDay: null,
    identityLeft: null,
  })
})

it('tables come in the order of size, dead rows or name', async () => {
  const names = async (order: 'size' | 'name' | 'dead') => (await listTables(ctx(), order)).data
  const bySize = (await names('size')).map(({ totalBytes }) => totalBytes)
  expect(bySize).toEqual(bySize.toSorted((a, b) => b - a))
  const byDead = (await names('dead')).map(({ deadRows }) => deadRows)
  expect(byDead).toEqual(byDead.toSorted((a, b) => b - a))
  expect((await names('name')).map(({ name }) => name)).toContain('core.relation_days')
})
