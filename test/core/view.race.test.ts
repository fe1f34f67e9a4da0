import { beforeEach, describe, expect, it } from 'vitest'
import { pidOf } from '../support/blocking.ts'
import { freshDatabase } from '../support/database.ts'
import { letLocksWait, meetAt } from './barrier.ts'
import { times } from './environment.ts'
import { appending, differences, makeSampleView, type SampleEvent } from './sample-view.ts'

const database = await freshDatabase()
const { admin } = database
await letLocksWait(database)
const clients = await times(8, () => database.connect(database.workerUrl))
const made = Array.from({ length: 40 }, (_, n): SampleEvent => [`l-${n}`, 1, 'made'])

beforeEach(async () => {
  await makeSampleView(database)
  await admin.query(appending(made))
})

/** One appends a version to every lamp and meets another, at this lamp, who appends the next in the order given. */
function versionsMeetAt(lamp: string, next = made): Promise<string[]> {
  const append = (at: number, version: number, events: readonly SampleEvent[]) => async () =>
    String(
      await clients[at]?.query(appending(events.map(([lamp]) => [lamp, version, 'lit']))).then(
        () => 'done',
        ({ code }: { code: string }) => code,
      ),
    )
  const row = `select from plain.lamps where lamp = '${lamp}' for update`
  return meetAt(database, row, [append(0, 2, made), append(1, 3, next)])
}

describe('batches of two writers over the same rows', () => {
  it.each(['l-0', 'l-27', 'l-9'])(
    'wait for each other and never deadlock, wherever they meet: %s',
    async (lamp) => {
      expect(await versionsMeetAt(lamp, made.toReversed())).toEqual(['done', 'done'])
      const { rows } = await admin.query(
        'select stream_version as v, count(*)::int as n from plain.lamps group by v',
      )
      expect(rows).toEqual([{ v: 3, n: made.length }])
      expect((await admin.query(differences)).rows).toEqual([])
    },
  )

  it('deadlock when rows are not written in key order: the check finds it', async () => {
    await makeSampleView(database, (create) =>
      create.replace(
        /order by house, aggregate_id(\s+on conflict)/,
        'order by case when first_version = 3 then aggregate_id end desc, aggregate_id$1',
      ),
    )
    await admin.query(appending(made))
    expect(await versionsMeetAt('l-27')).toContain('40P01')
  })
})

describe('many writers', () => {
  it('of one stream: one appends, and the others get a version conflict', async () => {
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
