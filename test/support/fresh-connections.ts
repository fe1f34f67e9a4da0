import { Agent } from 'undici'

/** So long an unused connection is kept. workerd closes it after 5 s. */
const idleMs = 1_000
/** A crowd of hundreds waits long for its connections on a busy machine; undici itself gives up after 10 s. */
const connectMs = 120_000

const makeAgent = () =>
  new Agent({ keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs, connect: { timeout: connectMs } })
let agent = makeAgent()
let used = 0

/**
 * Fetches over a connection that the server does not close under the request that takes it: such a failure would say nothing
 * about our code. A process that has stood still takes new ones, because its timers have not closed the old ones.
 */
export function freshFetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const now = performance.now()
  if (now - used > idleMs) {
    void agent.close()
    agent = makeAgent()
  }
  used = now
  const request = { ...init, dispatcher: agent }
  return fetch(url, request)
}
