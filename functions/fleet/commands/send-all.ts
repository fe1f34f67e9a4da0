import type { Ctx } from '../../core/context.ts'
import type { Env } from '../../registry/env.ts'
import type { Broker } from '../configs/open-broker.ts'
import { commandsAtOnce, leastAtOnce } from '../rules.ts'

type Message = { topic: string; payload: object }

/** The mean time of a command in the last cycle of this isolate, in seconds. */
const means = new WeakMap<Env, number>()

/**
 * Sends the messages in their order. Several wait for the answer of the broker at once: one after the other, a slow broker
 * would get some of them after the next cycle. Rejects when the broker fails.
 */
export async function sendAll(
  ctx: Ctx,
  broker: Pick<Broker, 'publish'>,
  messages: readonly Message[],
): Promise<void> {
  if (messages.length === 0) return
  const { env } = ctx
  const meanSeconds = means.get(env) ?? 0
  const chosen = { commands: messages.length, meanSeconds, cycleSeconds: env.TARGET_CYCLE_SECONDS }
  const atOnce = env.ADAPTIVE_CONCURRENCY ? commandsAtOnce(chosen) : leastAtOnce
  let waitedMs = 0
  const waiting = messages.values()
  const send = async () => {
    for (const message of waiting) {
      const begun = ctx.now().getTime()
      await broker.publish({ ...message, retain: false })
      waitedMs += ctx.now().getTime() - begun
    }
  }
  await Promise.all(Array.from({ length: atOnce }, send))
  means.set(env, waitedMs / messages.length / 1_000)
}
