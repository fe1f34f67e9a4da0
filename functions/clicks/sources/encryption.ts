import type { Encryption } from '../../core/encrypt.ts'
import type { Env } from '../../registry/env.ts'

/** The keys that encrypt the secret of a source. In development the token secret serves. */
export function encryptionFor(
  { POSTBACK_KEY, AUTH_SECRET }: Pick<Env, 'POSTBACK_KEY' | 'AUTH_SECRET'>,
  { owner, slug }: { owner: string; slug: string },
): Encryption {
  const fallback = AUTH_SECRET === undefined ? [] : [AUTH_SECRET]
  const keys = POSTBACK_KEY.length > 0 ? POSTBACK_KEY : fallback
  // Stored secrets depend on the purpose and the owner: under others they cannot be decrypted.
  return {
    keys,
    setting: 'POSTBACK_KEY',
    purpose: 'secrets of traffic sources',
    owner: `${owner}/${slug.toLowerCase()}`,
  }
}
