import fc from 'fast-check'
import { expect, it } from 'vitest'
import { listBets } from '../../functions/ledger/list-bets.ts'
import { readBalances } from '../../functions/ledger/read-balances.ts'
import { freshWorld } from '../core/world.ts'
import { deskOf } from './desk.ts'
import { anyCommand, Desk, Paper } from './model.ts'
import { violations } from './violations.ts'

const world = await freshWorld()
let tenants = 0

it('decides in the database as decide does on paper, whatever is asked in whatever order', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 10, maxLength: 60 }), async (commands) => {
      const ctx = deskOf(world, ++tenants)
      const paper = new Paper()
      const desk = new Desk(ctx)
      for (const command of commands) expect(await desk.decide(command)).toEqual(paper.decide(command))
      const shown = await listBets(ctx, { userId: null, status: null, before: null, limit: 200 })
      const onPaper = paper.bets.map(({ version, ...bet }) => ({ ...bet, streamVersion: version }))
      const known = new Map(shown.map(({ id, placedAt: _placed, settledAt: _settled, ...bet }) => [id, bet]))
      expect(desk.bets.map((id) => known.get(id))).toEqual(onPaper)
      for (const userId of ['u-1', 'u-2', 'u-3']) {
        for (const { currency, balanceMinor, reservedMinor } of await readBalances(ctx, userId))
          expect({ balanceMinor, reservedMinor }).toEqual(
            expect.objectContaining({
              balanceMinor: paper.account({ userId, currency }).balanceMinor,
              reservedMinor: paper.account({ userId, currency }).reservedMinor,
            }),
          )
      }
    }),
    { numRuns: 25 },
  )
  expect(await violations(world.database.admin)).toEqual([])
})
