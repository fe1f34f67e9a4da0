import type { Program } from '../measurement.ts'
import { bulkLimit } from './bulk-limit.ts'
import { claimById } from './claim.ts'
import { decay } from './decay.ts'
import { depth } from './depth.ts'
import { growth } from './growth.ts'
import { hot } from './hot.ts'
import { list } from './list.ts'
import { oneOrder } from './one-order.ts'
import { overWebSocket } from './over-websocket.ts'
import { peers } from './peers.ts'
import { bulk, queues } from './queues.ts'
import { taken } from './taken.ts'
import { throughWorker } from './through-worker.ts'

export const dispatch: Program = {
  claim: claimById,
  'through-worker': throughWorker,
  hot,
  peers,
  'over-websocket': overWebSocket,
  taken,
  list,
  decay,
  depth,
  growth,
  'one-order': oneOrder,
  queues,
  bulk,
  'bulk-limit': bulkLimit,
}
