import { jobs, tick } from '../../../cron/index.ts'
import { createApp } from '../../../functions/app.ts'
import { makeContext } from '../../../functions/core/context.ts'
import { durableObjectsOf } from '../../../functions/durable-objects.ts'
import { opsModule } from '../../../functions/ops/module.ts'
import { consumerOf } from '../../../functions/queues.ts'
import { probeModule } from './module.ts'

// The same composition as in worker.ts, with a row that only tests have.
const modules = [opsModule, probeModule]
const { app } = createApp({ modules, jobs })
const consumer = consumerOf(modules)

export const { Streams, Spill, Regulator, Metrics } = durableObjectsOf(modules)

export default {
  fetch: app.fetch,
  async scheduled(controller, env, execution) {
    const ctx = () => makeContext(env, { waitUntil: (work) => execution.waitUntil(work) })
    await Promise.all([tick(ctx, controller), consumer.wake(ctx())])
  },
  queue(batch, env, execution) {
    return consumer.queue(makeContext(env, { waitUntil: (work) => execution.waitUntil(work) }), batch)
  },
} satisfies ExportedHandler<Record<string, unknown>>
