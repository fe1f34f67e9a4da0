/**
 * Secrets that are stored and must be read again, because the Worker signs with them.
 *
 * Guarantee: secrets are encrypted at rest and bound to their owner: a copied row cannot be decrypted for another owner.
 * How a caller loses: without a configured key nothing is encrypted (`unprocessable`). Decryption throws when no
 * configured key fits.
 * The operator must set the keys. To change one, put the new key before the old one, and remove the old one when every
 * secret has been replaced.
 */
import { AppError } from './errors.ts'

export type Encryption = {
  /** The first key encrypts; each of them may decrypt. */
  keys: readonly string[]
  /** The setting that holds the keys, for errors. */
  setting: string
  /** Derives different keys from one setting, so that a secret of one purpose cannot be decrypted for another. */
  purpose: string
  owner: string
}

export async function encryptSecret(secret: string, encryption: Encryption): Promise<string> {
  const { keys, setting, purpose, owner } = encryption
  const [key] = keys
  if (key === undefined)
    throw new AppError('unprocessable', `This Worker cannot store secrets: ${setting} is not configured`)
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const encrypted = await crypto.subtle.encrypt(
    cipher(iv, owner),
    await keyFrom(key, purpose),
    encoder.encode(secret),
  )
  return encodeBase64(new Uint8Array([...iv, ...new Uint8Array(encrypted)]))
}

export async function decryptSecret(encrypted: string, encryption: Encryption): Promise<string> {
  const { keys, setting, purpose, owner } = encryption
  const bytes = decodeBase64(encrypted)
  for (const key of keys) {
    const decrypted = await crypto.subtle
      .decrypt(cipher(bytes.slice(0, 12), owner), await keyFrom(key, purpose), bytes.slice(12))
      .catch(() => null)
    if (decrypted !== null) return new TextDecoder().decode(decrypted)
  }
  throw new Error(`No key in ${setting} decrypts this secret`)
}

const encoder = new TextEncoder()

function cipher(iv: Uint8Array<ArrayBuffer>, owner: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(owner) }
}

const derived = new Map<string, Promise<CryptoKey>>()

/** Derived once per isolate, because that costs more than to encrypt. The settings hold few keys, for few purposes. */
function keyFrom(secret: string, purpose: string): Promise<CryptoKey> {
  const name = `${purpose} ${secret}`
  const known = derived.get(name)
  if (known) return known
  const key = derive(secret, purpose)
  derived.set(name, key)
  return key
}

async function derive(secret: string, purpose: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey'])
  const derivation = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(purpose),
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
