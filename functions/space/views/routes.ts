import { at, type Endpoint } from '../../http/endpoint.ts'
import { freshList, publicRead } from '../../http/reads.ts'
import * as wire from './contract.ts'
import { recentActivity } from './recent-activity.ts'

const on = at('/v1/space', 'space')

export const viewEndpoints: Endpoint[] = [
  publicRead(
    on,
    '/activity',
    'Data collected during the last 24 hours',
    { answer: wire.Activity },
    async (ctx) => freshList(ctx, await recentActivity(ctx)),
  ),
]
