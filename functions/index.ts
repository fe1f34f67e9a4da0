import { tick } from '../cron/index.ts'
import { app } from './app.ts'
import { makeContext } from './core/context.ts'
import { dispatchChannels } from './dispatch/object.ts'
import { ledgerChannels } from './ledger/object.ts'
import { streamsOf } from './streams/object.ts'

export const Streams = streamsOf({ ...dispatchChannels, ...ledgerChannels })

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
