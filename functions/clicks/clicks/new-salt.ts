import { encodeBase64 } from '../../core/encrypt.ts'

/** A salt for one UTC day: 256 random bits. */
export function newSalt(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(32)))
}
