import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { TriggerFunctions } from './contract.ts'
import { listTriggers } from './list.ts'

const on = at('/v1/ops/triggers', 'ops')

export const triggersEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the functions that triggers call, with their calls and times',
      roles: ['admin'],
      answers: { 200: TriggerFunctions },
    },
    async (ctx) => ok({ ...(await listTriggers(ctx)), nextCursor: null }),
  ),
]
