import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { isSerial } from './interleave.ts'
import { does, idle, meetIn, openStage, type Verb, type VerbName, verbs } from './stage.ts'

const stage = await openStage(await freshDatabase())
const names = Object.keys(verbs) as VerbName[]
const pairs = names
  .flatMap((one, at) => names.slice(at).map((other) => [one, other] as const))
  .filter((pair) => meetIn(pair).length > 0)

describe('whatever the order of their steps', () => {
  it.each(pairs)('%s and %s end as if one had come after the other', async (one, other) => {
    for (const state of meetIn([one, other])) {
      const { broken, runs } = await stage.explore(state, [does(one), does(other)])
      expect(broken, `an order that is ${state}`).toBeNull()
      if (mixes(one) || mixes(other)) continue
      const alone = [
        await stage.explore(state, [does(one), idle(other)]),
        await stage.explore(state, [idle(one), does(other)]),
      ]
      const serial = [...runs.filter(isSerial), ...alone.flatMap(({ runs }) => runs)]
      const lawful = new Set(serial.map(({ outcome }) => outcome))
      const others = runs.filter(({ outcome }) => !lawful.has(outcome))
      expect(others, `an order that is ${state} ends: ${[...lawful].join(' or ')}`).toEqual([])
    }
  })
})

function mixes(verb: VerbName): boolean {
  const { mixes = false }: Verb = verbs[verb]
  return mixes
}
