import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { isSerial } from '../../support/interleave.ts'
import {
  type Act,
  does,
  idle,
  meetIn,
  openScenario,
  type State,
  type Verb,
  type VerbName,
  verbs,
} from '../support/scenario.ts'

const scenario = await openScenario(await freshDatabase())
const names = Object.keys(verbs) as VerbName[]
const pairs = names
  .flatMap((one, at) => names.slice(at).map((other) => [one, other] as const))
  .filter((pair) => meetIn(pair).length > 0)

describe('in every interleaving of their statements', () => {
  it.each(pairs)('%s and %s end as in a serial order', async (one, other) => {
    for (const state of meetIn([one, other])) {
      const { broken, runs } = await scenario.explore(state, [does(one), does(other)])
      expect(broken, `an order that is ${state}`).toBeNull()
      if (mixes(one) || mixes(other)) continue
      const serial = runs.filter(isSerial).map(({ outcome }) => outcome)
      const alone = [
        ...(await endsOf(state, [does(one), idle(other)])),
        ...(await endsOf(state, [idle(one), does(other)])),
      ]
      const serializable = new Set([...serial, ...alone])
      const others = runs.filter(({ outcome }) => !serializable.has(outcome))
      expect(others, `an order that is ${state} ends: ${[...serializable].join(' or ')}`).toEqual([])
    }
  })
})

const known = new Map<string, Promise<string[]>>()

/** The outcomes of a verb beside one that does nothing; they are the same in every pair, so they are cached. */
function endsOf(state: State, actors: Act[]): Promise<string[]> {
  const key = [state, ...actors.map(({ name }) => name)].join()
  const ends =
    known.get(key) ?? scenario.explore(state, actors).then(({ runs }) => runs.map(({ outcome }) => outcome))
  known.set(key, ends)
  return ends
}

function mixes(verb: VerbName): boolean {
  const { mixes = false }: Verb = verbs[verb]
  return mixes
}
