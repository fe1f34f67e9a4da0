import { ask, type Problem } from '../api.ts'

/*
 * Signing in at the identity provider: the code flow with PKCE. Verifier and state stay in the storage of the tab, so a
 * code that somebody else brings is of no use here.
 */

const place = 'lockstep.code-flow'

type Provider = { authorizationEndpoint: string; clientId: string }
type Begun = { state: string; verifier: string; back: string; tab: string | null }

/**
 * Signs in again in a window of its own, which gives the token to this tab and closes: the page stays as it is, with what
 * its user has typed. Only this origin receives from the channel, and its name is a secret of the two windows.
 */
export function signInBeside(onToken: (token: string) => void): void {
  const tab = random()
  const channel = new BroadcastChannel(channelOf(tab))
  channel.addEventListener('message', ({ data }: MessageEvent<string>) => {
    channel.close()
    onToken(data)
  })
  open(`/app?sign-in-for=${tab}`, '_blank', 'popup,noopener,width=480,height=720')
}

const channelOf = (tab: string) => `lockstep.sign-in.${tab}`

/** Leaves for the provider. Returns only if that is impossible. `tab` gets the token in place of this window. */
export async function leaveForProvider(back: string, tab: string | null = null): Promise<Problem | null> {
  const reply = await ask<Provider>('/v1/session/provider')
  if (!reply.ok) return reply.problem
  if (reply.data === null) return null
  const begun: Begun = { state: random(), verifier: random(), back, tab }
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
  // A window with one entry in its history may close itself.
  if (tab === null) location.assign(address)
  else location.replace(address)
  return null
}

/** `handed`: another tab has the token, and this window has done its work. */
export type Returned = { token: string; back: string } | { problem: Problem } | 'handed' | null

/** Finishes what `leaveForProvider` began, if this address is the way back. The code leaves the address at once. */
export async function finishCodeFlow(): Promise<Returned> {
  const query = new URLSearchParams(location.search)
  const tab = query.get('sign-in-for')
  if (location.pathname === '/app' && tab !== null) {
    const problem = await leaveForProvider('/app', tab)
    return problem && { problem }
  }
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
  const token = reply.data?.token ?? ''
  if (begun.tab === null) return { token, back: begun.back }
  // A channel has no target: it reaches the tabs of this origin only.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  new BroadcastChannel(channelOf(begun.tab)).postMessage(token)
  close()
  return 'handed'
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
    retryAfter: null,
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
