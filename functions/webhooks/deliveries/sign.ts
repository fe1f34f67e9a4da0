import { decodeBase64, encodeBase64 } from '../../core/encrypt.ts'
import { secretPrefix } from '../rules.ts'

type Message = { id: string; body: string; at: Date; secrets: readonly string[] }

/** The headers of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one signature for each valid secret. */
export async function signedHeaders({ id, body, at, secrets }: Message): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signatures = secrets.map(
    async (secret) => `v1,${await signature(secret, `${id}.${timestamp}.${body}`)}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': (await Promise.all(signatures)).join(' '),
  }
}

async function signature(secret: string, content: string): Promise<string> {
  const raw = decodeBase64(secret.slice(secretPrefix.length))
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return encodeBase64(
    new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(content))),
  )
}
