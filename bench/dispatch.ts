import { claimById } from './dispatch/claim.ts'
import { decay } from './dispatch/decay.ts'
import { depth } from './dispatch/depth.ts'
import { list } from './dispatch/list.ts'
import { oneOrder } from './dispatch/one-order.ts'
import { bulk, queues } from './dispatch/queues.ts'
import { throughWorker } from './dispatch/through-worker.ts'
import type { Program } from './run.ts'

export const dispatch: Program = {
  claim: claimById,
  'through-worker': throughWorker,
  list,
  decay,
  depth,
  'one-order': oneOrder,
  queues,
  bulk,
}
