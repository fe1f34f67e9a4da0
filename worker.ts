import { jobs, tick } from './cron/index.ts'
import { createApp } from './functions/app.ts'
import { makeContext } from './functions/core/context.ts'
import { durableObjectsOf } from './functions/durable-objects.ts'
import { modules } from './functions/modules.ts'
import { consumerOf } from './functions/queues.ts'

const { app } = createApp({ modules, jobs })
const consumer = consumerOf(modules)

export const { Streams, Spill, Regulator, Metrics } = durableObjectsOf(modules)

export default {
  fetch: app.fetch,
  async scheduled(controller, env, execution) {
    const ctx = () =>
      makeContext(env, {
        waitUntil: (work) => execution.waitUntil(work),
        log: { cron: controller.cron, slot: new Date(controller.scheduledTime).toISOString() },
      })
    await Promise.all([tick(ctx, controller), consumer.wake(ctx())])
  },
  queue(batch, env, execution) {
    const ctx = makeContext(env, {
      waitUntil: (work) => execution.waitUntil(work),
      log: { queue: batch.queue },
    })
    return consumer.queue(ctx, batch)
  },
} satisfies ExportedHandler<Record<string, unknown>>
