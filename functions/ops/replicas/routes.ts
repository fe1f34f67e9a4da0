import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Replicas } from './contract.ts'
import { readReplicas } from './list.ts'

const on = at('/v1/ops/replicas', 'ops')

export const replicasEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the read replicas with their age and what became of reads',
      description:
        'Each replica is queried for this response. The outcomes are those of the isolate that answers, because isolates share no memory.',
      roles: ['admin'],
      answers: { 200: Replicas },
    },
    async (ctx) => ok({ ...(await readReplicas(ctx)), nextCursor: null }),
  ),
]
