import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { serveHttp } from '../../../dev/system/serve-http.ts'
import { atTheEnd } from '../../support/at-the-end.ts'

/** How a receiver handles one request. */
export type Manner =
  | { status: number; headers?: Record<string, string> }
  /** Takes the request and never answers. */
  | 'hang'
  /** Closes the connection in the middle of the request. */
  | 'reset'
  /** Answers 200 with a body that does not end. */
  | 'flood'

export type Received = {
  path: string
  id: string
  body: string
  headers: Record<string, string>
  manner: Manner
}

export type Receiver = {
  origin: string
  /** Every request, also those that were not answered. */
  received: Received[]
  /** How the next requests to a path are handled, one after the other. Further requests get 200. */
  script(path: string, ...manners: Manner[]): void
  at(path: string): Received[]
  /** The requests to a path that were answered with a 2xx. */
  accepted(path: string): Received[]
  until(condition: () => boolean): Promise<void>
}

/** The server of a customer, which can misbehave. Awaited at the top of a file. */
export async function startReceiver(): Promise<Receiver> {
  const scripts = new Map<string, Manner[]>()
  const received: Received[] = []
  const waiting = new Set<() => void>()

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const manner = scripts.get(path)?.shift() ?? { status: 200 }
    if (manner === 'reset') {
      note(path, '', request, manner)
      request.socket.resetAndDestroy()
      return
    }
    let body = ''
    for await (const chunk of request) body += String(chunk)
    note(path, body, request, manner)
    await respond(response, manner)
  }

  function note(path: string, body: string, request: IncomingMessage, manner: Manner): void {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    received.push({ path, id: headers['webhook-id'] ?? '', body, headers, manner })
    for (const check of waiting) check()
  }

  const { origin, close } = await serveHttp((request, response) => {
    // A sender may disconnect at any moment.
    take(request, response).catch(() => undefined)
  })
  atTheEnd(close)

  return {
    origin,
    received,
    script: (path, ...manners) => scripts.set(path, manners),
    at: (path) => received.filter((one) => one.path === path),
    accepted: (path) => received.filter((one) => one.path === path && isAccepted(one.manner)),
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
  }
}

function isAccepted(manner: Manner): boolean {
  return manner === 'flood' || (typeof manner === 'object' && manner.status >= 200 && manner.status < 300)
}

async function respond(response: ServerResponse, manner: Manner): Promise<void> {
  if (manner === 'hang' || manner === 'reset') return
  if (manner !== 'flood') {
    response.writeHead(manner.status, manner.headers).end('thank you')
    return
  }
  response.writeHead(200)
  const chunk = Buffer.alloc(64 * 1024, 'x')
  while (!response.destroyed) {
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
}

/** Throws unless the official verifier accepts it. */
export function verify(secret: string, { headers, body }: Received): unknown {
  return new Webhook(secret).verify(body, headers)
}
