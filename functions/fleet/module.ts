import type { Module } from '../http/module.ts'
import { greenhousesEndpoints } from './greenhouses/routes.ts'
import { regulatorsEndpoints } from './regulators/routes.ts'
import { targetsEndpoints } from './targets/routes.ts'
import { zonesEndpoints } from './zones/routes.ts'

export const fleetModule: Module = {
  name: 'fleet',
  endpoints: () => [...greenhousesEndpoints, ...zonesEndpoints, ...targetsEndpoints, ...regulatorsEndpoints],
}
