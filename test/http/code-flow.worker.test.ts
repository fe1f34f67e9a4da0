import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { atTheEnd } from '../support/at-the-end.ts'
import { freshWorker } from '../support/worker.ts'

const pair = await generateKeyPair('ES256', { extractable: true })

/** An identity provider that gives a token once for each code, to the bearer of its verifier. */
type Given = { challenge: string; redirectUri: string; audience: string }
const codes = new Map<string, Given>()
const provider = createServer((request, response) => void answer(request, response))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const json = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (request.url === '/.well-known/openid-configuration')
    return json(200, { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` })
  if (request.url === '/keys')
    return json(200, { keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'k', use: 'sig' }] })
  const sent = new URLSearchParams(await text(request))
  const given = codes.get(sent.get('code') ?? '')
  codes.delete(sent.get('code') ?? '')
  const challenge = createHash('sha256')
    .update(sent.get('code_verifier') ?? '')
    .digest('base64url')
  const isRight = given?.challenge === challenge && given.redirectUri === sent.get('redirect_uri')
  if (!isRight || sent.get('client_id') !== 'dashboard') return json(400, { error: 'invalid_grant' })
  const token = await new SignJWT({ role: 'courier' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(issuer)
    .setAudience(given?.audience ?? '')
    .setSubject('7')
    .setExpirationTime('10m')
    .sign(pair.privateKey)
  return json(200, { access_token: token, token_type: 'Bearer' })
}
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
atTheEnd(() => provider.close())
const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`

const app = await freshWorker({
  bindings: {
    AUTH_SECRET: undefined,
    AUTH_JWKS_URL: `${issuer}/keys`,
    AUTH_ISSUER: issuer,
    OIDC_CLIENT_ID: 'dashboard',
  },
})

function begun({ audience = 'lockstep' } = {}): { code: string; verifier: string } {
  const [code, verifier] = [randomBytes(16).toString('hex'), randomBytes(32).toString('base64url')]
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  codes.set(code, { challenge, redirectUri: `${app.url}/app`, audience })
  return { code, verifier }
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

  it('does not exist where the dashboard is no client of a provider', async () => {
    const other = await freshWorker({ database: app.database })
    expect((await other.fetch('/v1/session/provider')).status).toBe(404)
    expect(await (await other.fetch('/v1/session')).json()).toMatchObject({ signIn: { oidc: false } })
    await other.dispose()
  })
})
