import { jobs, tick } from './cron/index.ts'
import { createApp } from './functions/app.ts'
import { makeContext } from './functions/core/context.ts'
import { modules } from './functions/modules.ts'
import { streamsOf } from './functions/streams.ts'

const { app } = createApp({ modules, jobs })

export const Streams = streamsOf(modules)

export default {
  fetch: app.fetch,
  scheduled(controller, env, execution) {
    const ctx = () =>
      makeContext(env, {
        waitUntil: (work) => execution.waitUntil(work),
        log: { cron: controller.cron, slot: new Date(controller.scheduledTime).toISOString() },
      })
    return tick(ctx, controller)
  },
} satisfies ExportedHandler<Record<string, unknown>>
