import type { Ctx } from '../../core/context.ts'
import { developerToken } from '../../http/auth.ts'
import { at, type Endpoint, type Input, ok } from '../../http/endpoint.ts'
import { Race, RaceResult, type Racer } from './contract.ts'
import { findRacers } from './find-racers.ts'

const on = at('/v1/dev', 'dispatch')

type Lane = RaceResult['lanes'][number]

export const racesEndpoints: Endpoint[] = [
  on.post(
    '/race',
    {
      summary: 'Let up to three hundred couriers claim one order at once: exists with `npm start` only',
      description: [
        'The Worker sends the claims to itself, each with the token of its courier, because a browser would queue them.',
        'A repetition with the same Idempotency-Key gets the answers of the first race.',
      ].join(' '),
      roles: ['admin'],
      body: Race,
      answers: { 200: RaceResult },
      problems: ['not_found'],
    },
    async (ctx, { body: { orderId, couriers }, call, request }) => {
      const racers = await findRacers(ctx, couriers)
      const claims = await Promise.all(racers.map((racer) => claimOf(ctx, racer, { orderId, request })))
      const startedAt = ctx.now()
      const started = performance.now()
      const lanes = await Promise.all(
        claims.map(({ racer, claim }) => run(racer, claim, { call, since: started })),
      )
      return ok({
        orderId,
        startedAt: startedAt.toISOString(),
        tookMs: round(performance.now() - started),
        winners: lanes.filter(({ won }) => won).length,
        lanes: lanes.toSorted((a, b) => a.answeredMs - b.answeredMs),
      } satisfies RaceResult)
    },
  ),
]

type Started = { orderId: number; request: Request }

/** The key is that of the race and the courier's own, so that a repeated race has no second effect. */
async function claimOf({ env, idempotency }: Ctx, racer: Racer, { orderId, request }: Started) {
  const key = idempotency?.id ?? crypto.randomUUID()
  const token = await developerToken(env, { role: 'courier', sub: String(racer.id) })
  const claim = new Request(new URL(`/v1/dispatch/orders/${orderId}/claim`, request.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: '{}',
  })
  return { racer, claim }
}

type Running = { call: Input['call']; since: number }

async function run({ id, name }: Racer, claim: Request, { call, since }: Running): Promise<Lane> {
  const answer = await call(claim)
  const { code, status }: { code?: string; status: string | number } = await answer.json()
  return {
    courierId: id,
    name,
    won: answer.status === 200,
    status: answer.status,
    reason: code ?? String(status),
    answeredMs: round(performance.now() - since),
    trips: Number(answer.headers.get('x-db-round-trips') ?? 0),
  }
}

const round = (ms: number) => Math.round(ms * 10) / 10
