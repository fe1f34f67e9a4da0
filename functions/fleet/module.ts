import type { Module } from '../http/module.ts'
import { commandsEndpoints } from './commands/routes.ts'
import { configWebhooks } from './configs/contract.ts'
import { configsEndpoints } from './configs/routes.ts'
import { greenhousesEndpoints } from './greenhouses/routes.ts'
import { nodeWebhooks } from './nodes/contract.ts'
import { isCurrentDevice, nodesEndpoints } from './nodes/routes.ts'
import { telemetryQueue } from './queue.ts'
import { telemetryEndpoints } from './telemetry/routes.ts'
import { zonesEndpoints } from './zones/routes.ts'

export const fleetModule: Module = {
  name: 'fleet',
  endpoints: () => [
    ...greenhousesEndpoints,
    ...zonesEndpoints,
    ...nodesEndpoints,
    ...configsEndpoints,
    ...commandsEndpoints,
    ...telemetryEndpoints,
  ],
  queues: [telemetryQueue],
  webhooks: { ...nodeWebhooks, ...configWebhooks },
  isCurrentDevice,
}
