import { computed, signal } from '@preact/signals'

/** The user of this tab. The token lives in the storage of the tab, so that no other tab and no other site has it. */
export type Principal = { role: string; sub: string; tenantId: number | null }
export type Session = {
  signIn: { development: boolean; oidc: boolean; paste: boolean }
  modules: readonly string[]
  principal: Principal | null
  expiresAt: string | null
}

const place = 'lockstep.token'

export const token = signal<string | null>(read())
/** Null until the Worker has answered. */
export const session = signal<Session | null>(null)
/** The token was refused: the page stays, and its user signs in again in place. */
export const ended = signal(false)
export const principal = computed(() => session.value?.principal ?? null)
export const role = computed(() => principal.value?.role ?? null)

export function keepToken(fresh: string | null): void {
  token.value = fresh
  try {
    if (fresh === null) sessionStorage.removeItem(place)
    else sessionStorage.setItem(place, fresh)
  } catch {
    // Without storage the token ends with the page.
  }
}

/** `courier 7`, `tenant 10001`. */
export function nameOf({ role, sub, tenantId }: Principal): string {
  return tenantId === null ? `${role} ${sub}` : `${role} ${tenantId}`
}

function read(): string | null {
  try {
    return sessionStorage.getItem(place)
  } catch {
    return null
  }
}
