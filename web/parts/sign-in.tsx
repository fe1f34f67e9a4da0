import { batch, effect, signal, useSignal } from '@preact/signals'
import { ask, type Problem } from '../api.ts'
import { type Person, people } from '../people.ts'
import { now, serverNow } from './clock.ts'
import { finishCodeFlow, leaveForProvider, signInBeside } from './code-flow.ts'
import { Field, Form } from './form.tsx'
import { Failure } from './panel.tsx'
import { go, route } from './route.ts'
import {
  ended,
  keepToken,
  nameOf,
  type Principal,
  principal,
  type Session,
  session,
  token,
} from './session.ts'

/** Why the last read of the session had no answer. */
export const sessionProblem = signal<Problem | null>(null)

/** Reads who the token names. Without an answer the page keeps what it knew. */
async function readSession(): Promise<Problem | null> {
  const reply = await ask<Session>('/v1/session')
  sessionProblem.value = reply.ok ? null : reply.problem
  if (!reply.ok) return reply.problem
  if (reply.data === null) return null
  session.value = reply.data
  ended.value = token.value !== null && reply.data.principal === null
  return null
}

async function enter(fresh: string, opens: string | null): Promise<Problem | null> {
  keepToken(fresh)
  ended.value = false
  const problem = await readSession()
  if (problem === null && session.value?.principal && opens !== null) go(opens)
  return problem
}

/** Reads the session once, or finishes a sign-in at the identity provider. */
export async function begin(): Promise<void> {
  const returned = await finishCodeFlow()
  if (returned === 'handed') handed.value = true
  else if (returned !== null && 'token' in returned)
    refusal.value = await enter(returned.token, returned.back)
  else {
    refusal.value = returned?.problem ?? null
    // A visitor of the first page needs no session, so its first sight costs a call less.
    if (token.value !== null || route.value.path !== '/') await readSession()
  }
  effect(() => {
    if (session.value === null && route.value.path !== '/' && token.value === null) void readSession()
  })
  watchTheEnd()
}

/** This window signed in for another one, and the browser did not let it close. */
const handed = signal(false)
/** Why the last sign-in at the provider failed. */
const refusal = signal<Problem | null>(null)
/** The token ends within a minute and cannot be renewed without its user. */
const endsSoon = signal(false)

/**
 * A minute before its end a development token is renewed. The provider is not called behind the back of its user: there the
 * page says that the token ends.
 */
function watchTheEnd(): void {
  effect(() => lookAtTheEnd(session.value, now.value))
  // `now` rests in a hidden tab, but its streams and what it shows go on.
  setInterval(() => lookAtTheEnd(session.peek(), serverNow()), 10_000)
}

const nearMs = 60_000
/** A browser lets a hidden tab run once a minute. */
const nearHiddenMs = 3 * 60_000

function lookAtTheEnd(known: Session | null, at: number): void {
  const { principal, expiresAt, signIn } = known ?? {}
  const left = expiresAt ? Date.parse(expiresAt) - at : null
  if (!principal || left === null) {
    endsSoon.value = false
    return
  }
  if (left <= 0) ended.value = true
  endsSoon.value = left < nearMs && left > 0 && !signIn?.development
  const isNear = left < (document.hidden ? nearHiddenMs : nearMs)
  if (isNear && signIn?.development && !renewing) void renew(principal)
}

let renewing = false

async function renew({ role, sub, tenantId }: Principal): Promise<void> {
  renewing = true
  const body = { role, sub, ...(tenantId !== null && { tenantId }) }
  const reply = await ask<{ token: string }>('/v1/dev/tokens', { method: 'POST', body })
  if (reply.ok && reply.data) {
    keepToken(reply.data.token)
    await readSession()
    renewing = false
  } else setTimeout(() => (renewing = false), 10_000)
}

function signOut(): void {
  // Together, so that the page of the role is gone before it reads anything without a token.
  batch(() => {
    keepToken(null)
    ended.value = false
    if (session.value !== null) session.value = { ...session.value, principal: null, expiresAt: null }
  })
  void readSession()
}

/** Without the session nothing says who the caller is, nor how to sign in. */
export function NoSession() {
  return sessionProblem.value && <Failure problem={sessionProblem.value} retry={readSession} />
}

type WaysOf = {
  only?: readonly string[]
  /** The address stays. */
  stay?: boolean
  /** The page stays as it is, so no other one may take its place meanwhile. */
  beside?: boolean
}

/** One click per role with `npm start`; elsewhere a token is pasted. `only`: the roles that the page wants. */
export function SignIn({ only, stay = false, beside = false }: WaysOf) {
  const problem = useSignal<Problem | null>(null)
  const busy = useSignal<string | null>(null)
  if (handed.value) return <p role="status">You are signed in there. This window can be closed.</p>
  const ways = session.value?.signIn
  if (!ways) return sessionProblem.value ? <NoSession /> : <p class="muted">Asking how to sign in…</p>
  const shownProblem = problem.value ?? refusal.value
  const shown = people.filter(
    ({ row, role }) =>
      (row === 'core' || session.value?.modules.includes(row)) && (only === undefined || only.includes(role)),
  )
  async function enterAs({ label, opens, role, sub, tenantId }: Person): Promise<void> {
    busy.value = label
    const reply = await ask<{ token: string }>('/v1/dev/tokens', {
      method: 'POST',
      body: { role, sub, ...(tenantId !== undefined && { tenantId }) },
    })
    problem.value = reply.ok ? await enter(reply.data?.token ?? '', stay ? null : opens) : reply.problem
    busy.value = null
  }
  return (
    <div class="sign-in">
      {ways.development && (
        <ul class="people">
          {shown.map((person) => (
            <li key={person.label}>
              <button type="button" disabled={busy.value !== null} onClick={() => void enterAs(person)}>
                <strong>{person.label}</strong>
                <span>{person.hint}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {ways.oidc && <AtProvider beside={beside} failed={(failure) => (problem.value = failure)} />}
      {shownProblem && <Failure problem={shownProblem} />}
      {ways.paste && (
        <details open={!ways.development && !ways.oidc}>
          <summary>Paste a token</summary>
          <Form
            label="Sign in with a token"
            button="Sign in"
            send={async ({ token: pasted = '' }) => {
              problem.value = await enter(pasted.replace(/^Bearer /i, ''), null)
            }}
          >
            <Field
              name="token"
              label="Token"
              type="password"
              hint="A JWT of the identity provider. It stays in this tab."
            />
          </Form>
        </details>
      )}
    </div>
  )
}

/** A page that stays keeps what its user has typed: the provider is then visited in a window beside it. */
function AtProvider({ beside, failed }: { beside: boolean; failed: (problem: Problem | null) => void }) {
  async function begin(): Promise<void> {
    if (beside) signInBeside((fresh) => void enter(fresh, null).then(failed))
    else failed(await leaveForProvider(route.value.path))
  }
  return (
    <button type="button" class="main" onClick={() => void begin()}>
      {beside ? 'Sign in at the identity provider, in a window beside' : 'Sign in at the identity provider'}
    </button>
  )
}

/** A minute before the end of a token that cannot be renewed without its user. */
export function EndsSoon() {
  if (!endsSoon.value) return null
  return (
    <div class="notice">
      <p role="status">Your token ends within a minute. Sign in again to go on without a break.</p>
      {session.value?.signIn.oidc && <AtProvider beside failed={(problem) => (refusal.value = problem)} />}
    </div>
  )
}

/** In place of a page that the user may not see, or above one whose token has ended. */
export function SignInPanel({ title, why, ...ways }: WaysOf & { title: string; why: string }) {
  return (
    <section class="panel wide" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <p>{why}</p>
      <SignIn {...ways} stay={route.value.path !== '/'} />
    </section>
  )
}

export function Account() {
  const who = principal.value
  if (who === null)
    return (
      <a class="button" href="/app">
        Sign in
      </a>
    )
  return (
    <p class="account">
      <span>{nameOf(who)}</span>
      <button type="button" class="small" onClick={signOut}>
        Sign out
      </button>
    </p>
  )
}
