import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { makeContext } from '../../functions/core/context.ts'
import { at, type Endpoint, ok } from '../../functions/http/endpoint.ts'
import { type HttpEnv, mount } from '../../functions/http/mount.ts'

const limit = async () => ({ success: true })
const bindings = {
  DATABASE_URL: 'postgresql://nobody:x@127.0.0.1/none',
  AUTH_SECRET: 'x'.repeat(32),
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

function appOf(endpoints: Endpoint[]): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  app.use((c, next) => {
    c.set('ctx', makeContext(bindings, { waitUntil: () => undefined }))
    return next()
  })
  mount(app, endpoints)
  return app
}

describe('a route with two forms of its answer', () => {
  const two = at('', 't').get(
    '/two',
    {
      summary: 's',
      roles: 'public',
      answers: { 200: z.strictObject({ form: z.string() }) },
      alsoAs: { 'text/event-stream': z.string() },
    },
    async (_ctx, { form }) => ok({ form }),
  )

  it.each([
    ['text/event-stream', 'text/event-stream'],
    ['text/event-stream;q=0, */*', 'application/json'],
    ['application/json;q=0', 'text/event-stream'],
  ])('gives for Accept: %s the form %s, and tells caches to keep them apart', async (accept, form) => {
    const response = await appOf([two]).request('/two', { headers: { accept } })
    expect([await response.json(), response.headers.get('vary')]).toEqual([{ form }, 'Accept'])
  })
})

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
    const app = appOf([stream])

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
