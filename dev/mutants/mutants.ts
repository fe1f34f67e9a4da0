import { clicksMutants } from './clicks.ts'
import { coreMutants } from './core.ts'
import { dispatchMutants } from './dispatch.ts'
import { fleetMutants } from './fleet.ts'
import { fleetCycleMutants } from './fleet-cycles.ts'
import { fleetNodeMutants } from './fleet-nodes.ts'
import { httpMutants } from './http.ts'
import { ledgerMutants } from './ledger.ts'
import type { Mutant } from './mutant.ts'
import { opsMutants } from './ops.ts'
import { streamMutants } from './streams.ts'
import { webhooksMutants } from './webhooks.ts'

export const mutants: readonly Mutant[] = [
  ...coreMutants,
  ...streamMutants,
  ...dispatchMutants,
  ...ledgerMutants,
  ...fleetNodeMutants,
  ...webhooksMutants,
  ...fleetMutants,
  ...fleetCycleMutants,
  ...clicksMutants,
  ...opsMutants,
  ...httpMutants,
]
