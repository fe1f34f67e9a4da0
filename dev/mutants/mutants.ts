import { clicksMutants } from './clicks.ts'
import { coreCallMutants } from './core-calls.ts'
import { coreChangeMutants } from './core-changes.ts'
import { coreFeedMutants } from './core-feeds.ts'
import { coreFigureMutants } from './core-figures.ts'
import { coreJobMutants } from './core-jobs.ts'
import { coreViewMutants } from './core-views.ts'
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
  ...coreJobMutants,
  ...coreChangeMutants,
  ...coreFeedMutants,
  ...coreViewMutants,
  ...coreCallMutants,
  ...coreFigureMutants,
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
