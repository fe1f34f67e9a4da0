import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Caches } from './contract.ts'
import { listCaches } from './list.ts'

const on = at('/v1/ops/caches', 'ops')

export const cachesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary:
        'List the caches of the isolate that answers, with hits, ages and sizes, and the size of the shared layer',
      description: 'Isolates share no memory, so another request may reach one that counted otherwise.',
      roles: ['admin'],
      answers: { 200: Caches },
    },
    async (ctx) =>
      ok({ ...(await listCaches(ctx)), nextCursor: null }, { headers: { 'cache-control': 'no-store' } }),
  ),
]
