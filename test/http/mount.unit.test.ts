import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { makeContext } from '../../functions/core/context.ts'
import { at } from '../../functions/http/endpoint.ts'
import { type HttpEnv, mount } from '../../functions/http/mount.ts'

const limit = async () => ({ success: true })
const bindings = {
  DATABASE_URL: 'postgresql://nobody:x@127.0.0.1/none',
  AUTH_SECRET: 'x'.repeat(32),
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

describe('a stream', () => {
  it('is opened for GET, and ended at once for HEAD, which has no body', async () => {
    let ended = 0
    const stream = at('', 't').get(
      '/stream',
      {
        summary: 's',
        roles: 'public',
        answers: { 200: 'text/event-stream' },
      },
      async () =>
        new Response(
          new ReadableStream({
            cancel() {
              ended += 1
            },
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        ),
    )
    const app = new Hono<HttpEnv>()
    app.use((c, next) => {
      c.set('ctx', makeContext(bindings, { waitUntil: () => undefined }))
      return next()
    })
    mount(app, [stream])

    const opened = await app.request('/stream')
    expect([opened.status, opened.body === null, ended]).toEqual([200, false, 0])
    const head = await app.request('/stream', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), head.body, ended]).toEqual([
      200,
      'text/event-stream',
      null,
      1,
    ])
    await opened.body?.cancel()
  })
})
