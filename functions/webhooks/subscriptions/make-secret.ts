import { encodeBase64 } from '../../core/encrypt.ts'
import { secretPrefix } from '../rules.ts'

export function makeSecret(): string {
  return secretPrefix + encodeBase64(crypto.getRandomValues(new Uint8Array(32)))
}
