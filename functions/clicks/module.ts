import type { Module } from '../http/module.ts'
import { clicksEndpoints } from './clicks/routes.ts'
import { clicksQueue } from './queue.ts'
import { rulesEndpoints } from './rules/routes.ts'

export const clicksModule: Module = {
  name: 'clicks',
  queues: [clicksQueue],
  endpoints: () => [...clicksEndpoints, ...rulesEndpoints],
}
