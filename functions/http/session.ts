import * as z from 'zod'
import { AppError } from '../core/errors.ts'
import { deviceRoles, type Role, roles } from '../registry/roles.ts'
import { authenticate, developerToken, principalOf } from './auth.ts'
import { isDevelopment, isLoopback } from './development.ts'
import { at, created, type Endpoint, ok } from './endpoint.ts'
import { id, shownInstant } from './fields.ts'
import { clientOf, exchangeCode, findProvider } from './openid.ts'

const PersonRole = z.enum(roles).exclude([...deviceRoles])

const Session = z
  .strictObject({
    signIn: z.strictObject({
      development: z.boolean().meta({ description: 'POST /v1/dev/tokens gives tokens: `npm start` only' }),
      oidc: z.boolean().meta({ description: 'GET /v1/session/provider names where to sign in' }),
      paste: z.boolean().meta({ description: 'A token of the identity provider can be pasted' }),
    }),
    modules: z.array(z.string()).meta({ description: 'The products of this Worker' }),
    principal: z
      .strictObject({ role: z.enum(roles), sub: z.string(), tenantId: z.int().nullable() })
      .nullable()
      .meta({ description: 'The caller that the token names; null without a valid token' }),
    expiresAt: shownInstant.nullable().meta({ description: 'When the token ends' }),
  })
  .meta({ id: 'Session' })

const NewToken = z
  .strictObject({ role: PersonRole, sub: z.string().min(1).max(128), tenantId: id.optional() })
  .refine(hasClaims, 'A tenant needs tenantId, and the sub of a row’s token must be its id')
  .meta({ id: 'NewToken' })

const Token = z.strictObject({ token: z.string() }).meta({ id: 'Token' })

const Provider = z
  .strictObject({ authorizationEndpoint: z.string(), clientId: z.string() })
  .meta({ id: 'IdentityProvider' })

const Code = z
  .strictObject({
    code: z.string().min(1).max(4_096),
    verifier: z.string().regex(/^[\w.~-]{43,128}$/, 'Must be a code verifier of RFC 7636'),
  })
  .meta({ id: 'AuthorizationCode' })

const noStore = { headers: { 'cache-control': 'no-store' } }

const on = at('/v1', 'session')

/** How the dashboard learns who its user is and which ways of signing in this Worker has. */
export function sessionEndpoints(modules: readonly string[]): Endpoint[] {
  return [
    on.get(
      '/session',
      {
        summary: 'Read who the caller is, and how to sign in',
        description: 'An invalid or expired token answers like none: `principal` is null.',
        roles: 'public',
        answers: { 200: Session },
      },
      async ({ env }, { request }) => {
        const { principal, expiresAt } = await callerOrNobody(request, env)
        const development = isDevelopment(env) && isLoopback(new URL(request.url).hostname)
        const body = {
          signIn: { development, oidc: clientOf(env) !== null, paste: true },
          modules,
          principal,
          expiresAt,
        }
        return ok(body, noStore)
      },
    ),
    on.get(
      '/session/provider',
      {
        summary: 'Read where people sign in, for the code flow of OpenID Connect with PKCE',
        roles: 'public',
        answers: { 200: Provider },
        problems: ['not_found'],
      },
      async ({ env }) => {
        const client = clientOrNone(env)
        const { authorizationEndpoint } = await findProvider(client)
        return ok({ authorizationEndpoint, clientId: client.clientId }, noStore)
      },
    ),
    on.post(
      '/session/code',
      {
        summary: 'Exchange the code of the identity provider for a token of this API',
        description:
          'The code belongs to the redirect to /app of this origin. The token is checked before it is given.',
        roles: 'public',
        body: Code,
        answers: { 201: Token },
        problems: ['not_found', 'unauthenticated'],
      },
      async ({ env }, { body, request }) => {
        const redirectUri = new URL('/app', request.url).href
        const token = await exchangeCode(clientOrNone(env), { ...body, redirectUri })
        await authenticate(`Bearer ${token}`, env)
        return created('/v1/session', { token }, noStore)
      },
    ),
    on.post(
      '/dev/tokens',
      {
        summary: 'Get a development token: exists with `npm start` only',
        description:
          'Any other Worker, host or page answers 404. The token has the claims that an identity provider would give.',
        roles: 'public',
        body: NewToken,
        answers: { 201: Token },
        problems: ['not_found'],
      },
      async ({ env }, { body }) =>
        created('/v1/session', { token: await developerToken(env, body) }, noStore),
    ),
  ]
}

function hasClaims(claims: { role: Role; sub: string; tenantId?: number | undefined }): boolean {
  try {
    principalOf(claims)
    return true
  } catch {
    return false
  }
}

function clientOrNone(env: Parameters<typeof clientOf>[0]): NonNullable<ReturnType<typeof clientOf>> {
  const client = clientOf(env)
  if (client === null) throw new AppError('not_found', 'This Worker is no client of an identity provider')
  return client
}

type Caller = {
  principal: { role: Role; sub: string; tenantId: number | null } | null
  expiresAt: string | null
}

async function callerOrNobody(request: Request, env: Parameters<typeof authenticate>[1]): Promise<Caller> {
  const header = request.headers.get('authorization') ?? undefined
  if (header === undefined) return { principal: null, expiresAt: null }
  try {
    const { principal, expiresAt } = await authenticate(header, env)
    const { role, sub } = principal
    const tenantId = 'tenantId' in principal ? principal.tenantId : null
    return { principal: { role, sub, tenantId }, expiresAt: expiresAt?.toISOString() ?? null }
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthenticated')
      return { principal: null, expiresAt: null }
    throw error
  }
}
