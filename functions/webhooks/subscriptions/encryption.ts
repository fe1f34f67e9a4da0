import type { Encryption } from '../../core/encrypt.ts'
import type { Env } from '../../registry/env.ts'

/** The keys that encrypt the secrets of an owner's webhooks. In development the token secret serves. */
export function encryptionFor({ WEBHOOK_KEY, AUTH_SECRET }: Env, owner: string): Encryption {
  const fallback = AUTH_SECRET === undefined ? [] : [AUTH_SECRET]
  const keys = WEBHOOK_KEY.length > 0 ? WEBHOOK_KEY : fallback
  // Stored secrets depend on this purpose: under another one they cannot be decrypted.
  return { keys, setting: 'WEBHOOK_KEY', purpose: 'webhook secrets', owner }
}
