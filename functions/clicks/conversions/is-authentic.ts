import type { Ctx } from '../../core/context.ts'
import { decryptSecret } from '../../core/encrypt.ts'
import type { PostbackSource } from '../sources/cached-source.ts'
import { encryptionFor } from '../sources/encryption.ts'

type Proof = {
  /** The query as it came, with its question mark. */
  search: string
  secret: string | undefined
  sig: string | undefined
}

/**
 * Whether a postback carries the secret of its source, or `sig`, the hex HMAC-SHA256 of the query before `&sig=`. Digests
 * are compared, so the time of the comparison says nothing about the secret.
 */
export async function isAuthentic(ctx: Ctx, source: PostbackSource, proof: Proof): Promise<boolean> {
  const encryption = encryptionFor(ctx.env, source)
  for (const sealed of source.secrets) {
    const secret = await decryptSecret(sealed, encryption)
    if (proof.secret !== undefined && (await digest(proof.secret)) === (await digest(secret))) return true
    if (proof.sig !== undefined && (await isSigned({ ...proof, sig: proof.sig }, secret))) return true
  }
  return false
}

const encoder = new TextEncoder()

async function isSigned({ search, sig }: Proof & { sig: string }, secret: string): Promise<boolean> {
  const at = search.indexOf('&sig=')
  // Parameters behind the signature would be unsigned.
  if (at < 0 || search.indexOf('&', at + 1) >= 0) return false
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const signed = await crypto.subtle.sign('HMAC', key, encoder.encode(search.slice(1, at)))
  return (await digest(sig.toLowerCase())) === (await digest(hex(signed)))
}

async function digest(text: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
