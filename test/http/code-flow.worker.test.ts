import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'
import { startProvider } from './support/provider.ts'

const { issuer, bindings, give } = await startProvider({ role: 'courier', sub: '7', lasts: '10m' })
const app = await freshWorker({ bindings })

function begun({ audience = 'lockstep' } = {}): { code: string; verifier: string } {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { code: give({ challenge, redirectUri: `${app.url}/app`, audience }), verifier }
}

function exchange(body: object): Promise<Response> {
  return app.fetch('/v1/session/code', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

describe('signing in at the identity provider', () => {
  it('begins at the address that the provider names', async () => {
    const answer = await app.fetch('/v1/session/provider')
    expect(await answer.json()).toEqual({
      authorizationEndpoint: `${issuer}/authorize`,
      clientId: 'dashboard',
    })
    expect(await (await app.fetch('/v1/session')).json()).toMatchObject({
      signIn: { oidc: true, development: false },
    })
  })

  it('gives the token of the code, with which the caller is that courier', async () => {
    const answer = await exchange(begun())
    expect(answer.status).toBe(201)
    const { token }: { token: string } = await answer.json()
    const session = await app.fetch('/v1/session', { headers: { authorization: `Bearer ${token}` } })
    expect(await session.json()).toMatchObject({ principal: { role: 'courier', sub: '7' } })
  })

  it('refuses a code with another verifier, so a code alone is of no use', async () => {
    const { code } = begun()
    const answer = await exchange({ code, verifier: begun().verifier })
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'unauthenticated' }])
  })

  it('refuses a code that was used before', async () => {
    const sent = begun()
    expect((await exchange(sent)).status).toBe(201)
    expect((await exchange(sent)).status).toBe(401)
  })

  it('gives no token that this API would refuse', async () => {
    const answer = await exchange(begun({ audience: 'another' }))
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'unauthenticated' }])
  })

  it('is not begun at a provider that names itself otherwise', async () => {
    const other = await freshWorker({ bindings: { ...bindings, AUTH_ISSUER: `${issuer}/` } })
    const answer = await other.fetch('/v1/session/provider')
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'unavailable' }])
  })

  it('does not exist where the dashboard is no client of a provider', async () => {
    const other = await freshWorker({ database: app.database })
    expect((await other.fetch('/v1/session/provider')).status).toBe(404)
    expect(await (await other.fetch('/v1/session')).json()).toMatchObject({ signIn: { oidc: false } })
    await other.dispose()
  })
})
