import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, quantile } from '../method.ts'
import { countOf, givenFundedUsers, mustBeSound } from './given.ts'

const users = 200

type Asked = { method?: string; headers?: Record<string, string>; body?: string }

/** One caller places bets over HTTP through workerd and the proxy, compared with reads over the same path. */
export const place: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const worker = await rig.worker(database)
  const authorization = `Bearer ${await worker.token('tenant', 'bench', 1)}`

  function contender(name: string, ask: (userId: string) => [string, Asked], status: number): Contender {
    return {
      name,
      prepare: () => givenFundedUsers(owner, users),
      turn: () =>
        closedLoop({
          clients: 1,
          seconds: pace.seconds,
          operation: async (_client, n) => {
            const [path, { headers = {}, ...init }] = ask(`u-${n % users}`)
            const answer = await fetch(`${worker.url}/v1/ledger${path}`, {
              ...init,
              headers: { authorization, ...headers },
            })
            await answer.arrayBuffer()
            mustBe(
              [answer.status, answer.headers.get('x-db-round-trips')],
              [status, '1'],
              `the answer to ${name}`,
            )
            return 1
          },
        }),
      async verify({ operations }) {
        const bets = status === 201 ? operations : 0
        await mustBeSound(owner, users + bets)
        mustBe(await countOf(owner, 'ledger.bets_view'), bets, 'the bets')
      },
    }
  }

  await compare(
    {
      name: 'ledger p95 of one bet placed by a single caller, through Miniflare',
      unit: 'ms',
      database: owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.95),
      ours: contender(
        'POST /bets with a key',
        (userId) => [
          '/bets',
          {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
            body: JSON.stringify({
              userId,
              stakeMinor: 10,
              currency: 'USD',
              odds: '2.50',
              selection: 'home',
            }),
          },
        ],
        201,
      ),
      baseline: contender('GET /users/{userId}/balances', (userId) => [`/users/${userId}/balances`, {}], 200),
    },
    pace,
  )
}
