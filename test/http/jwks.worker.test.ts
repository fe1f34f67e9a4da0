import type { RequestListener } from 'node:http'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../../dev/system/serve-http.ts'
import { freshDatabase } from '../support/database.ts'
import { freshWorker } from '../support/worker.ts'
import { claimsOf, signed } from './tokens.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
type Key = { alg: string; kid: string; pair: Pair }

async function makeKey(alg: string, kid: string): Promise<Key> {
  return { alg, kid, pair: await generateKeyPair(alg, { extractable: true, modulusLength: 2048 }) }
}
const published = async (keys: Key[]) => ({
  keys: await Promise.all(
    keys.map(async ({ alg, kid, pair }) => ({ ...(await exportJWK(pair.publicKey)), alg, kid, use: 'sig' })),
  ),
})
const token = ({ alg, kid, pair }: Key, claims = claimsOf('admin')) =>
  new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(pair.privateKey)

/** An identity provider: what it publishes, and how it answers at this moment. */
let answer: RequestListener = (_, response) => response.writeHead(500).end()
let asked = 0
const { origin: base, close } = await serveHttp((request, response) => {
  asked += 1
  answer(request, response)
})
afterAll(close)

const publish = (document: unknown): RequestListener => {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

const database = await freshDatabase()
const workerFor = (path: string) =>
  freshWorker({ database, bindings: { AUTH_SECRET: undefined, AUTH_JWKS_URL: `${base}${path}` } })
const ask = (app: Awaited<ReturnType<typeof workerFor>>, bearer: string) =>
  app.fetch('/v1/dispatch/stores', { headers: { authorization: `Bearer ${bearer}` } })

const keys = await Promise.all([makeKey('RS256', 'rsa'), makeKey('ES256', 'ec'), makeKey('EdDSA', 'ed')])
const [rsa, ec, ed] = keys

beforeEach(() => {
  asked = 0
})

describe('tokens of an identity provider', async () => {
  const app = await workerFor('/good')

  it.each([rsa, ec, ed])('signed with $alg are accepted, and its keys are fetched once', async (key) => {
    answer = publish(await published(keys))
    const bearer = await token(key)
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(app, bearer)))
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(asked).toBeLessThanOrEqual(20)
    asked = 0
    expect((await ask(app, bearer)).status).toBe(200)
    expect(asked).toBe(0)
  })

  it('are refused when another key signed them, or when a public key is used as a secret', async () => {
    const stranger = await makeKey('RS256', 'rsa')
    const unknown = await makeKey('ES256', 'unknown')
    const expired = token(rsa, { ...claimsOf('admin'), exp: Math.floor(Date.now() / 1000) - 60 })
    const forged = [
      token(stranger),
      token(unknown),
      signed(claimsOf('admin'), await exportSPKI(rsa.pair.publicKey)),
      signed(claimsOf('admin'), JSON.stringify(await exportJWK(rsa.pair.publicKey))),
      token(ec, { ...claimsOf('admin'), aud: 'other' }),
      token(ed, { ...claimsOf('admin'), iss: 'other' }),
      expired,
      // The key that a token brings along is nobody's but its maker's.
      new SignJWT(claimsOf('admin'))
        .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(stranger.pair.publicKey) })
        .sign(stranger.pair.privateKey),
      new SignJWT(claimsOf('admin'))
        .setProtectedHeader({ alg: 'RS256', kid: 'other', jku: `${base}/elsewhere` })
        .sign(stranger.pair.privateKey),
    ]
    for (const bearer of await Promise.all(forged)) expect((await ask(app, bearer)).status).toBe(401)
  })
})

describe('an identity provider that fails', () => {
  const failing: [string, RequestListener][] = [
    ['answers 500', (_, response) => response.writeHead(500).end()],
    ['answers with a page', publish('<html>')],
    ['answers with no keys', publish({ nothing: true })],
    ['hangs up', (request) => request.socket.destroy()],
    ['sends elsewhere', (_, response) => response.writeHead(302, { location: `${base}/good` }).end()],
  ]
  it.each(failing)('and %s makes the answer 503, not 401: the token may be good', async (what, listener) => {
    const app = await workerFor(`/${encodeURIComponent(what)}`)
    answer = listener
    const response = await ask(app, await token(rsa))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({ code: 'unavailable', outcome: 'none' })
    answer = publish(await published(keys))
    expect((await ask(app, await token(rsa))).status).toBe(200)
    await app.dispose()
  })
})
