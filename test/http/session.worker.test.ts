import { describe, expect, it } from 'vitest'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import { freshWorker } from '../support/worker.ts'

const local = await freshWorker({ bindings: { DEV_SIGN_IN: '1' } })
const { database } = local
const json = 'application/json'

type Sent = { origin?: string; type?: string; host?: string; body?: object; app?: typeof local }

function sign({
  app = local,
  origin = app.url,
  type = json,
  body = { role: 'courier', sub: '7' },
}: Sent = {}) {
  return freshFetch(`${app.url}/v1/dev/tokens`, {
    method: 'POST',
    headers: { origin, 'content-type': type },
    body: JSON.stringify(body),
  })
}

describe('the development sign-in', () => {
  it('gives a token with which the caller is that courier', async () => {
    const answer = await sign()
    expect(answer.status).toBe(201)
    const { token }: { token: string } = await answer.json()
    const session = await local.fetch('/v1/session', { headers: { authorization: `Bearer ${token}` } })
    expect(await session.json()).toMatchObject({
      signIn: { development: true },
      principal: { role: 'courier', sub: '7', tenantId: null },
      expiresAt: expect.any(String),
    })
  })

  it.each([
    ['another origin', { origin: 'http://127.0.0.1:1' }],
    ['no origin of a page', { origin: 'null' }],
    ['a body that a form can send', { type: 'text/plain' }],
  ])('does not exist for %s', async (_what, sent) => {
    const answer = await sign(sent)
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not_found' }])
  })

  it.each(['node', 'greenhouse'])('gives no person the token of a %s', async (role) => {
    const answer = await sign({ body: { role, sub: 'nd-1', tenantId: 1 } })
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: 'validation_failed', errors: [expect.objectContaining({ path: 'role' })] },
    ])
  })

  it('does not exist under another host name, which a site could point to this machine', async () => {
    const { port } = new URL(local.url)
    const { request } = await import('node:http')
    const host = `rebound.example:${port}`
    const status = await new Promise((resolve, reject) => {
      const headers = { host, origin: `http://${host}`, 'content-type': json }
      const sent = request(`${local.url}/v1/dev/tokens`, { method: 'POST', headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject)
      sent.end(JSON.stringify({ role: 'admin', sub: '1' }))
    })
    expect(status).toBe(404)
  })

  it.each([
    ['DEV_SIGN_IN', {}],
    ['AUTH_SECRET', { DEV_SIGN_IN: '1', AUTH_SECRET: undefined, AUTH_JWKS_URL: 'http://127.0.0.1:9/keys' }],
  ])('does not exist without %s', async (_name, bindings) => {
    const app = await freshWorker({ database, bindings })
    expect((await sign({ app })).status).toBe(404)
    const session = await app.fetch('/v1/session')
    expect(await session.json()).toMatchObject({ signIn: { development: false } })
    await app.dispose()
  })

  it('does not exist without the proxy of npm start, and a Worker with the setting alone is not ready', async () => {
    const app = await freshWorker({ database, bindings: { DEV_SIGN_IN: '1', NEON_PROXY: undefined } })
    expect((await sign({ app })).status).toBe(404)
    const ready = await app.fetch('/readyz')
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('DEV_SIGN_IN is for npm start only')
    await app.dispose()
  })

  it('leaves the Worker of npm start ready', async () => {
    expect((await local.fetch('/readyz')).status).toBe(200)
  })

  it.each([
    [{ role: 'tenant', sub: 'a' }],
    [{ role: 'courier', sub: 'seven' }],
    [{ role: 'node', sub: '1', tenantId: 1 }],
  ])('refuses %o, which is no caller', async (body) => {
    const answer = await sign({ body })
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'validation_failed' }])
  })
})

describe('the session', () => {
  it('names nobody for a token that is none', async () => {
    const answer = await local.fetch('/v1/session', { headers: { authorization: 'Bearer a.b.c' } })
    expect(await answer.json()).toMatchObject({ principal: null, expiresAt: null })
  })

  it('names the products of this Worker', async () => {
    const answer = await local.fetch('/v1/session')
    expect(await answer.json()).toMatchObject({ modules: expect.arrayContaining(['ops']) })
  })
})
