import * as z from 'zod'
import { AppError } from '../core/errors.ts'
import type { Env } from '../registry/env.ts'

/*
 * The code flow of OpenID Connect with PKCE (RFC 7636). The Worker exchanges the code, so the page speaks to its own origin
 * only. A provider that is away or answers something else is `unavailable`; a refused code is `unauthenticated`.
 */

type Client = { issuer: string; clientId: string; secret: string | undefined }

const Discovery = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
})
const Exchanged = z.looseObject({ access_token: z.string().max(8_192) })

type Provider = { authorizationEndpoint: string; tokenEndpoint: string }
type Known = { provider: Provider; until: number }

const known = new Map<string, Known>()
const [keptMs, timeoutMs, mostBytes] = [3_600_000, 5_000, 64 * 1024]

/** The registration of the dashboard at the provider; null if this Worker has none. */
export function clientOf({
  AUTH_JWKS_URL,
  AUTH_ISSUER,
  OIDC_CLIENT_ID,
  OIDC_CLIENT_SECRET,
}: Env): Client | null {
  if (AUTH_JWKS_URL === undefined || OIDC_CLIENT_ID === undefined) return null
  return { issuer: AUTH_ISSUER, clientId: OIDC_CLIENT_ID, secret: OIDC_CLIENT_SECRET }
}

export async function findProvider({ issuer }: Client): Promise<Provider> {
  const before = known.get(issuer)
  if (before !== undefined && before.until > Date.now()) return before.provider
  const { ok, body } = await call(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const found = Discovery.safeParse(body)
  // OpenID Connect Discovery §4.3: the document must name the issuer that the tokens name.
  if (!ok || !found.success || found.data.issuer !== issuer)
    throw away('The identity provider does not describe itself')
  const { authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint } = found.data
  const provider = { authorizationEndpoint, tokenEndpoint }
  known.set(issuer, { provider, until: Date.now() + keptMs })
  return provider
}

type Code = { code: string; verifier: string; redirectUri: string }

/** The access token that the provider gives for this code, once. */
export async function exchangeCode(client: Client, { code, verifier, redirectUri }: Code): Promise<string> {
  const { tokenEndpoint } = await findProvider(client)
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
    client_id: client.clientId,
    ...(client.secret !== undefined && { client_secret: client.secret }),
  })
  const answer = await call(tokenEndpoint, { method: 'POST', body })
  if (!answer.ok && answer.status < 500)
    throw new AppError('unauthenticated', 'The identity provider refused the code: sign in again')
  const exchanged = Exchanged.safeParse(answer.body)
  if (!answer.ok || !exchanged.success) throw away('The identity provider gave no token')
  return exchanged.data.access_token
}

async function call(
  url: string,
  init: RequestInit = {},
): Promise<{ ok: boolean; status: number; body: unknown }> {
  try {
    const response = await fetch(url, {
      ...init,
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    const body: unknown = text.length > mostBytes ? null : JSON.parse(text)
    return { ok: response.ok, status: response.status, body }
  } catch (cause) {
    throw away('The identity provider cannot be reached', cause)
  }
}

function away(message: string, cause?: unknown): AppError {
  return new AppError('unavailable', message, { retryAfter: 5, cause })
}
