import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { does, openScenario, type State, type VerbName } from '../support/scenario.ts'

// The negative control: the same search finds each statement from which one safeguard is removed.
const scenario = await openScenario(await freshDatabase())
const bare = await openScenario(await freshDatabase())
await bare.client.query(`
  drop trigger couriers_never_step_back on dispatch.couriers;
  alter table dispatch.couriers drop constraint couriers_rules`)

type Defect = [
  what: string,
  state: State,
  pair: [VerbName, VerbName],
  defect: (text: string) => string,
  found: RegExp,
]

const without = (part: string | RegExp) => (text: string) => text.replaceAll(part, '')
/** Keeps the parameter, so that the statement still takes the same number of values. */
const ignoring = (condition: RegExp) => (text: string) => text.replaceAll(condition, '$1::text is not null')
const unlocked = without(/for update( skip locked)?/g)
const summed = (text: string) =>
  text.replace(
    'c.held_boxes + wanted.boxes_count <= c.capacity_boxes',
    `c.capacity_boxes >= wanted.boxes_count + (
      select coalesce(sum(o.boxes_count), 0)
      from dispatch.orders o
      where o.courier_id = c.id and o.status in ('assigned', 'accepted', 'picked_up'))`,
  )

const defects: Defect[] = [
  [
    'a claim that accepts without the lock',
    'new',
    ['a claim by the rival', 'a claim that accepts by the holder'],
    unlocked,
    /fence|held boxes|history|event/,
  ],
  [
    'a claim without the lock',
    'new',
    ['a claim by the rival', 'a claim by the holder'],
    unlocked,
    /each event starts in/,
  ],
  [
    'a transition without the lock',
    'picked up',
    ['deliver', 'cancel'],
    unlocked,
    /cannot go back|starts in the status/,
  ],
  [
    'a sweep without the lock',
    'assigned, its lease expired',
    ['the sweep', 'the sweep'],
    unlocked,
    /couriers_held_not_negative/,
  ],
  [
    'a claim that does not check that the order is new',
    'assigned',
    ['a claim by the rival', 'a read'],
    (text) =>
      text
        .replace("wanted.status = 'new'\n    and ", '')
        .replace(
          /o\.courier_id = (\$\d+) and \(o\.status = 'accepted' or .+ now\(\)\)/,
          '$1::text is not null',
        ),
    /each event starts in/,
  ],
  [
    'a transition that does not check the status of the order',
    'picked up',
    ['deliver', 'deliver'],
    ignoring(/o\.status = any \((\$\d+::text\[\])\)/g),
    /cannot go back|starts in the status|held_not_negative/,
  ],
  [
    'a transition that ignores the fence',
    'assigned, its lease expired',
    ['accept', 'a claim by the holder'],
    ignoring(/o\.fence = (\$\d+)/g),
    /showed fence 1 was done under fence 2/,
  ],
  [
    'a claim that sums the orders of the courier',
    'new',
    ['a claim by the holder', 'a claim of the second order by the holder'],
    summed,
    /couriers_held_within_capacity/,
  ],
]

describe('the search for interleavings finds', () => {
  it.each(defects)('%s', async (_what, state, pair, defect, expected) => {
    const { broken } = await scenario.explore(state, pair.map(does), defect)
    expect(broken?.found.join('\n') ?? 'nothing').toMatch(expected)
  })

  it('an overfilled courier when a claim sums the load and no constraint stops it', async () => {
    const pair = ['a claim by the holder', 'a claim of the second order by the holder'] as const
    const { broken } = await bare.explore('new', pair.map(does), summed)
    expect(broken?.found.join('\n') ?? 'nothing').toMatch(/no courier carries more than its capacity/)
  })
})

describe('a courier without its trigger', () => {
  it('is updated from a row version older than the lock wait, and the search finds it', async () => {
    await bare.client.query(
      'alter table dispatch.couriers add constraint couriers_held_not_negative check (held_boxes >= 0)',
    )
    const { broken } = await bare.explore('new', [does('a claim by the rival'), does('cancel')])
    expect(broken?.found.join('\n') ?? 'nothing').toMatch(/couriers_held_not_negative/)
  })
})
