import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { withinAnHour } from '../../support/lasting.ts'
import { givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const ctx = () => environment.ctx({ bindings: { FLEET_SHARDS: '1' } })
const start = withinAnHour(60)
const second = (n: number) => new Date(start + n * 1_000)

async function count(text: string, values: unknown[] = []): Promise<number> {
  const { rows } = await admin.query(`select count(*)::int as n from ${text}`, values)
  return rows[0].n
}

it('two cycles of one slot at once write one set of commands', async () => {
  await Promise.all(Array.from({ length: 5 }, () => givenRegulated(admin, { measuredAt: new Date(start) })))
  for (const n of [0, 1, 2]) {
    const slot = second(n)
    await admin.query('delete from fleet.commands; update fleet.dose_windows set dosed_at = null')
    const runs = await times(8, () => runCycle(ctx(), { shard: 0, slot }))
    expect(runs.filter(({ ran }) => ran)).toMatchObject([{ value: { zones: 5, commands: 5, failed: 0 } }])
    expect(await count('fleet.commands')).toBe(5)
    expect(await count('fleet.cycles where slot = $1', [slot])).toBe(1)
  }
})

it('the key of the slot holds without the lock as well', async () => {
  const slot = second(10)
  const first = await environment.database.connect()
  await first.query('begin')
  await first.query('select fleet.take_cycle(0, $1)', [slot])
  // A second cycle waits for the first one's row, and finds the slot done.
  const later = await environment.database.connect()
  const waiting = later.query('select fleet.take_cycle(0, $1)', [slot]).catch((error: unknown) => error)
  await first.query('commit')
  expect(await waiting).toMatchObject({ code: 'LS011' })
})

it('different shards run at the same time and share no zone', async () => {
  await admin.query(
    'delete from fleet.commands; update fleet.dose_windows set dosed_at = null, outcome = null',
  )
  const slot = second(20)
  const three = () => environment.ctx({ bindings: { FLEET_SHARDS: '3' } })
  const runs = await times(3, (shard) => runCycle(three(), { shard, slot }))
  const zones = runs.map((run) => (run.ran ? run.value.zones : 0))
  expect(zones.reduce((sum, n) => sum + n, 0)).toBe(5)
  expect(await count('fleet.commands')).toBe(5)
})
