/**
 * Secrets at rest that must be read again, because they sign.
 *
 * Guarantee: whoever reads the table alone learns nothing, and a sealed secret moved to another owner's row does not
 * open. How a caller loses: without a configured key nothing is sealed (`unprocessable`); with a key that is not the
 * one it was sealed with, opening throws. What the operator must do: set WEBHOOK_KEY; to change it, put the new one
 * first and keep the old one behind a comma until every secret was rotated.
 */
import type { Env } from '../registry/env.ts'
import { AppError } from './errors.ts'

/** The first one seals, any of them opens. In development the token secret serves. */
function keysOf({ WEBHOOK_KEY, AUTH_SECRET }: Env): string[] {
  return WEBHOOK_KEY.length > 0 ? WEBHOOK_KEY : AUTH_SECRET === undefined ? [] : [AUTH_SECRET]
}

export async function seal(env: Env, secret: string, owner: string): Promise<string> {
  const [key] = keysOf(env)
  if (key === undefined)
    throw new AppError('unprocessable', 'Webhooks need WEBHOOK_KEY to be configured on this Worker')
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(lock(iv, owner), await keyFrom(key), encoder.encode(secret))
  return encodeBase64(new Uint8Array([...iv, ...new Uint8Array(sealed)]))
}

export async function unseal(env: Env, sealed: string, owner: string): Promise<string> {
  const bytes = decodeBase64(sealed)
  for (const key of keysOf(env)) {
    const opened = await crypto.subtle
      .decrypt(lock(bytes.slice(0, 12), owner), await keyFrom(key), bytes.slice(12))
      .catch(() => null)
    if (opened !== null) return new TextDecoder().decode(opened)
  }
  throw new Error('No configured WEBHOOK_KEY opens this secret')
}

const encoder = new TextEncoder()

function lock(iv: Uint8Array<ArrayBuffer>, owner: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(owner) }
}

async function keyFrom(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey'])
  const derivation = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode('webhook secrets'),
  }
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
}

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
