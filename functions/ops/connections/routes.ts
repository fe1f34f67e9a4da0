import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Connections } from './contract.ts'
import { readConnections } from './read.ts'

const on = at('/v1/ops/connections', 'ops')

export const connectionsEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'Show the connections of Postgres as a sum, and who uses them',
      roles: ['admin'],
      answers: { 200: Connections },
    },
    async (ctx) => ok(await readConnections(ctx), { headers: { 'cache-control': 'no-store' } }),
  ),
]
