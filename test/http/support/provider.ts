import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { serveHttp } from '../../../dev/system/serve-http.ts'
import { atTheEnd } from '../../support/at-the-end.ts'

type Given = { challenge: string; redirectUri: string; audience: string }
type Claims = { role: string; sub: string; lasts: string }

export type Provider = {
  issuer: string
  /** The settings of a Worker whose dashboard is a client of this provider. */
  bindings: Record<string, string | undefined>
  /** A code that the provider gave, as after the sign-in of a person. */
  give(given: Given): string
}

/**
 * An identity provider that gives a token once for each code, to the bearer of its verifier. Everybody who comes to
 * /authorize is the person of `claims` at once.
 */
export async function startProvider({ role, sub, lasts }: Claims): Promise<Provider> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const codes = new Map<string, Given>()
  const { origin: issuer, close } = await serveHttp((request, response) => void answer(request, response))
  atTheEnd(close)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const { pathname, searchParams } = new URL(request.url ?? '', issuer)
    if (pathname === '/.well-known/openid-configuration')
      return json(200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
      })
    if (pathname === '/keys')
      return json(200, {
        keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'k', use: 'sig' }],
      })
    if (pathname === '/authorize') {
      const redirectUri = searchParams.get('redirect_uri') ?? ''
      const code = give({
        challenge: searchParams.get('code_challenge') ?? '',
        redirectUri,
        audience: 'lockstep',
      })
      const query = new URLSearchParams({ code, state: searchParams.get('state') ?? '' })
      return response.writeHead(302, { location: `${redirectUri}?${query.toString()}` }).end()
    }
    const sent = new URLSearchParams(await text(request))
    const given = codes.get(sent.get('code') ?? '')
    codes.delete(sent.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(sent.get('code_verifier') ?? '')
      .digest('base64url')
    const isRight = given?.challenge === challenge && given.redirectUri === sent.get('redirect_uri')
    if (!isRight || sent.get('client_id') !== 'dashboard') return json(400, { error: 'invalid_grant' })
    const token = await new SignJWT({ role })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(given?.audience ?? '')
      .setSubject(sub)
      .setExpirationTime(lasts)
      .setJti(randomBytes(8).toString('hex'))
      .sign(pair.privateKey)
    return json(200, { access_token: token, token_type: 'Bearer' })
  }

  function give(given: Given): string {
    const code = randomBytes(16).toString('hex')
    codes.set(code, given)
    return code
  }

  const bindings = {
    AUTH_SECRET: undefined,
    AUTH_JWKS_URL: `${issuer}/keys`,
    AUTH_ISSUER: issuer,
    OIDC_CLIENT_ID: 'dashboard',
  }
  return { issuer, bindings, give }
}
