import { Agent } from 'undici'

// A crowd of hundreds waits long for its connections on a busy machine. undici itself gives up after 10 s.
const oneRequestEach = new Agent({ pipelining: 0, connect: { timeout: 120_000 } })

/**
 * Fetches over a connection of its own. workerd closes a connection that had no request for 5 s. When it was busy for as long,
 * it also closes one whose request it has not read yet, and that request would fail without reaching our code.
 */
export function freshFetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const request = { ...init, dispatcher: oneRequestEach }
  return fetch(url, request)
}
