import type { Module } from '../http/module.ts'
import { campaignsEndpoints } from './campaigns/routes.ts'
import { clicksEndpoints } from './clicks/routes.ts'
import { clicksQueue } from './queue.ts'
import { rulesEndpoints } from './rules/routes.ts'
import { sourcesEndpoints } from './sources/routes.ts'

export const clicksModule: Module = {
  name: 'clicks',
  queues: [clicksQueue],
  endpoints: () => [...clicksEndpoints, ...campaignsEndpoints, ...sourcesEndpoints, ...rulesEndpoints],
}
