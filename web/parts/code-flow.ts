import { ask, type Problem } from '../api.ts'

/*
 * Signing in at the identity provider: the code flow with PKCE. Verifier and state stay in the storage of the tab, so a
 * code that somebody else brings is of no use here.
 */

const place = 'lockstep.code-flow'

type Provider = { authorizationEndpoint: string; clientId: string }
type Begun = { state: string; verifier: string; back: string }

/** Leaves for the provider. Returns only if that is impossible. */
export async function leaveForProvider(back: string): Promise<Problem | null> {
  const reply = await ask<Provider>('/v1/session/provider')
  if (!reply.ok) return reply.problem
  if (reply.data === null) return null
  const begun: Begun = { state: random(), verifier: random(), back }
  sessionStorage.setItem(place, JSON.stringify(begun))
  const address = new URL(reply.data.authorizationEndpoint)
  const query = {
    response_type: 'code',
    client_id: reply.data.clientId,
    redirect_uri: `${location.origin}/app`,
    scope: 'openid',
    state: begun.state,
    code_challenge: await challengeOf(begun.verifier),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
  location.assign(address)
  return null
}

export type Returned = { token: string; back: string } | { problem: Problem } | null

/** Finishes what `leaveForProvider` began, if this address is the way back. The code leaves the address at once. */
export async function finishCodeFlow(): Promise<Returned> {
  const query = new URLSearchParams(location.search)
  const [code, state, error] = [query.get('code'), query.get('state'), query.get('error')]
  if (location.pathname !== '/app' || state === null || (code === null && error === null)) return null
  history.replaceState(null, '', '/app')
  const begun = taken()
  if (begun === null || begun.state !== state)
    return { problem: refused('This sign-in was not begun in this tab.') }
  if (code === null) return { problem: refused(`The identity provider answered: ${error}.`) }
  const body = { code, verifier: begun.verifier }
  const reply = await ask<{ token: string }>('/v1/session/code', { method: 'POST', body })
  if (!reply.ok) return { problem: reply.problem }
  return { token: reply.data?.token ?? '', back: begun.back }
}

function taken(): Begun | null {
  const text = sessionStorage.getItem(place)
  sessionStorage.removeItem(place)
  return text === null ? null : JSON.parse(text)
}

function refused(detail: string): Problem {
  return {
    status: 401,
    code: 'sign_in_failed',
    title: 'Not signed in',
    detail,
    requestId: null,
    errors: [],
    more: {},
  }
}

/** 43 characters of the alphabet of RFC 7636. */
function random(): string {
  return asBase64Url(crypto.getRandomValues(new Uint8Array(32)))
}

async function challengeOf(verifier: string): Promise<string> {
  return asBase64Url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))),
  )
}

function asBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
