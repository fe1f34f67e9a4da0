import type { Module } from '../http/module.ts'
import { telemetryQueue } from './queue.ts'
import { telemetryEndpoints } from './telemetry/routes.ts'

export const fleetModule: Module = {
  name: 'fleet',
  endpoints: () => [...telemetryEndpoints],
  queues: [telemetryQueue],
}
