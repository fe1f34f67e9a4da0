import { beforeEach, describe, expect, it } from 'vitest'
import { pidOf } from '../support/blocking.ts'
import { freshDatabase } from '../support/database.ts'
import { letLocksWait } from './barrier.ts'
import { tally, times } from './environment.ts'
import { appending, differences, makeSampleView, type SampleEvent } from './sample-view.ts'

const database = await freshDatabase()
const { admin } = database
await letLocksWait(database)
const clients = await times(8, () => database.connect(database.workerUrl))
const made = Array.from({ length: 40 }, (_, n): SampleEvent => [`l-${n}`, 1, 'made'])

beforeEach(() => makeSampleView(database))

/** One appends a version to every lamp while another appends the next: only the view's rows can stand in their way. */
async function meetings(rounds: number): Promise<Record<string, number>> {
  await admin.query(appending(made))
  const outcomes: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const { rows } = await admin.query<{ last: number }>(
      'select max(stream_version) as last from plain.lamps',
    )
    const last = rows[0]?.last ?? 1
    const append = async (ahead: number) =>
      clients[ahead]?.query(appending(made.map(([lamp]): SampleEvent => [lamp, last + ahead, 'lit']))).then(
        () => 'done',
        ({ code }: { code: string }) => code,
      )
    outcomes.push(...(await Promise.all([append(1), append(2)])).map(String))
    if (outcomes.includes('40P01')) break
  }
  return tally(outcomes)
}

describe('batches of two writers over the same rows', () => {
  it('wait for each other and never deadlock', async () => {
    const outcomes = await meetings(60)
    expect(Object.keys(outcomes).filter((outcome) => !['done', 'LS101'].includes(outcome))).toEqual([])
    expect(outcomes['done']).toBeGreaterThan(60)
    expect((await admin.query(differences)).rows).toEqual([])
  })

  it('deadlock when rows are not written in key order: the check finds it', async () => {
    const inAnyOrder = (create: string) =>
      create.replace(/order by house, aggregate_id(\s+on conflict)/, 'order by random()$1')
    await makeSampleView(database, inAnyOrder)
    expect(await meetings(300)).toHaveProperty('40P01')
  })
})

describe('many writers', () => {
  it('of one stream: one appends, and the others get a version conflict', async () => {
    await admin.query(appending(made))
    const answers = await times(clients.length, async (at) =>
      clients[at]?.query(appending([['l-1', 2, 'lit']])).then(
        () => 'in',
        ({ code }: { code: string }) => code,
      ),
    )
    expect(answers.filter((answer) => answer === 'in')).toHaveLength(1)
    expect(new Set(answers.filter((answer) => answer !== 'in'))).toEqual(new Set(['23505']))
    expect((await admin.query(differences)).rows).toEqual([])
  })
})

describe('a writer that dies', () => {
  it('half-way leaves neither events nor changes of the view', async () => {
    await admin.query(appending(made))
    const victim = await database.connect(database.workerUrl)
    await victim.query('begin')
    await victim.query(
      appending([
        ['l-1', 2, 'lit'],
        ['new', 1, 'made'],
      ]),
    )
    await admin.query('select pg_terminate_backend($1, 5000)', [pidOf(victim)])
    await admin.query(appending([['l-1', 2, 'broke']]))
    const { rows: lamps } = await admin.query(`select status from plain.lamps where lamp in ('l-1', 'new')`)
    expect(lamps).toEqual([{ status: 'broken' }])
    expect((await admin.query(differences)).rows).toEqual([])
  })
})
