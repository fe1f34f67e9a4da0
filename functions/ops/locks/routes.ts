import { AppError } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { cancelStatement } from './cancel.ts'
import { Cancel, Cancelled, LockPid, Locks } from './contract.ts'
import { readLocks } from './read.ts'

const on = at('/v1/ops/locks', 'ops')

export const locksEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'Show which session blocks which, and whose snapshot is old',
      roles: ['admin'],
      answers: { 200: Locks },
    },
    async (ctx) => ok(await readLocks(ctx), { headers: { 'cache-control': 'no-store' } }),
  ),
  on.post(
    '/{pid}/cancel',
    {
      summary: 'Cancel the statement of a session of the Worker’s own role',
      roles: ['admin'],
      params: LockPid,
      body: Cancel,
      answers: { 200: Cancelled },
      problems: ['not_found', 'conflict'],
    },
    async (ctx, { params, body }) => {
      const outcome = await cancelStatement(ctx, { ...params, ...body })
      if (outcome === 'gone')
        throw new AppError('not_found', 'That transaction has ended; see GET /v1/ops/locks')
      if (outcome === 'other_role')
        throw new AppError(
          'conflict',
          'That session belongs to another role, whose statements only its owner may cancel',
        )
      return ok({ cancelled: true })
    },
  ),
]
