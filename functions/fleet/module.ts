import type { Module } from '../http/module.ts'
import { alertsEndpoints } from './alerts/routes.ts'
import { commandWebhooks } from './commands/contract.ts'
import { commandsEndpoints } from './commands/routes.ts'
import { configWebhooks } from './configs/contract.ts'
import { configsEndpoints } from './configs/routes.ts'
import { cyclesEndpoints, fleetMatters, regulation } from './cycles/routes.ts'
import { decisionsEndpoints } from './decisions/routes.ts'
import { greenhousesEndpoints } from './greenhouses/routes.ts'
import { nodeWebhooks } from './nodes/contract.ts'
import { isCurrentDevice, nodesEndpoints } from './nodes/routes.ts'
import { telemetryQueue } from './queue.ts'
import { regulatorsEndpoints } from './regulators/routes.ts'
import { fleetStory } from './story.ts'
import { targetsEndpoints } from './targets/routes.ts'
import { telemetryEndpoints } from './telemetry/routes.ts'
import { fleetWatch } from './watch.ts'
import { zonesEndpoints } from './zones/routes.ts'

export const fleetModule: Module = {
  name: 'fleet',
  endpoints: () => [
    ...greenhousesEndpoints,
    ...zonesEndpoints,
    ...nodesEndpoints,
    ...configsEndpoints,
    ...targetsEndpoints,
    ...regulatorsEndpoints,
    ...cyclesEndpoints,
    ...decisionsEndpoints,
    ...alertsEndpoints,
    ...commandsEndpoints,
    ...telemetryEndpoints,
  ],
  queues: [telemetryQueue],
  webhooks: { ...nodeWebhooks, ...configWebhooks, ...commandWebhooks },
  isCurrentDevice,
  paced: regulation,
  watch: () => fleetWatch,
  story: fleetStory,
  matters: fleetMatters,
}
