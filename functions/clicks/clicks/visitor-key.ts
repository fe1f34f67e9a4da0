import type { Ctx } from '../../core/context.ts'
import { encodeBase64 } from '../../core/encrypt.ts'
import { cachedSalts } from './salts.ts'

type Visitor = { address: string; agent: string }

const encoder = new TextEncoder()

/**
 * The same text for the same address and agent on one UTC day, and nothing that leads back to them: HMAC-SHA256 under a
 * salt that is deleted. 128 bits of it. Null when no salt can be had: the visitor is then counted as unkeyed.
 */
export async function visitorKey(ctx: Ctx, { address, agent }: Visitor): Promise<string | null> {
  const day = ctx.now().toISOString().slice(0, 10)
  const { value } = await cachedSalts.read(ctx, 'current').catch(() => ({ value: null }))
  const salt = value?.find((one) => one.day === day)?.salt
  if (salt === undefined) return null
  const signed = await crypto.subtle.sign('HMAC', await keyOf(salt), encoder.encode(`${address}\n${agent}`))
  return encodeBase64(new Uint8Array(signed).slice(0, 16))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Imported once per isolate and salt; the day before is of no use any more. */
let imported: { salt: string; key: Promise<CryptoKey> } | null = null

function keyOf(salt: string): Promise<CryptoKey> {
  if (imported?.salt === salt) return imported.key
  const key = crypto.subtle.importKey('raw', encoder.encode(salt), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ])
  imported = { salt, key }
  return key
}
