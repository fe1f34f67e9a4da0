import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { listBets } from '../../../functions/ledger/bets/list.ts'
import { payoutOf } from '../../../functions/ledger/decide.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { tenantContext } from '../support/context.ts'
import { anyCommand, Database, Paper } from '../support/model.ts'
import { violations } from '../support/violations.ts'

const world = await freshEnvironment()
let tenants = 0

it('Postgres decides every random sequence of commands like the specification in TypeScript', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 10, maxLength: 60 }), async (commands) => {
      const ctx = tenantContext(world, ++tenants)
      const paper = new Paper()
      const database = new Database(ctx)
      for (const command of commands) expect(await database.decide(command)).toEqual(paper.decide(command))
      const shown = await listBets(ctx, { userId: null, status: null, before: null, limit: 200 })
      const onPaper = paper.bets.map(({ version, ...bet }) => ({ ...bet, streamVersion: version }))
      const known = new Map(shown.map(({ id, placedAt: _placed, settledAt: _settled, ...bet }) => [id, bet]))
      expect(database.bets.map((id) => known.get(id))).toEqual(onPaper)
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

it('Postgres rounds payouts like the specification, half to even', async () => {
  const odds = fc
    .tuple(fc.integer({ min: 1, max: 999_999 }), fc.stringMatching(/^\d{0,8}$/))
    .map(([whole, places]) => (places === '' ? `${whole}` : `${whole}.${places}`))
  const halves = fc.tuple(
    fc.integer({ min: 1, max: 999 }),
    fc.constantFrom('1.5', '2.5', '1.25', '1.75', '3.125'),
  )
  const exact = fc.tuple(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), odds)
  const pairs = fc.sample(fc.oneof(halves, exact), 3_000)
  const { rows } = await world.database.admin.query<{ payout: string }>(
    `select ledger.payout_of(stake, odds)::text as payout
     from unnest($1::bigint[], $2::numeric[]) with ordinality as given (stake, odds, n) order by n`,
    [pairs.map(([stake]) => stake), pairs.map(([, given]) => given)],
  )
  expect(rows.map(({ payout }) => payout)).toEqual(
    pairs.map(([stake, given]) => String(payoutOf(stake, given))),
  )
  const { rows: away } = await world.database.admin.query(`select round(2.5)::text as naive`)
  expect(away).toEqual([{ naive: '3' }])
  expect(payoutOf(1, '2.5')).toBe(2n)
})
