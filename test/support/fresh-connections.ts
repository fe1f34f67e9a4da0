import { Agent } from 'undici'

/** So long an unused connection is kept. workerd closes it after 5 s. */
const idleMs = 1_000

const kept = () => new Agent({ keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs })
let agent = kept()
let used = 0

/**
 * Connections that the server does not close under the request that takes one: such a failure would say nothing about our
 * code. A process that has stood still takes new ones, because its timers have not closed the old ones.
 */
export function freshConnections(): Agent {
  const now = performance.now()
  if (now - used > idleMs) {
    void agent.close()
    agent = kept()
  }
  used = now
  return agent
}
