import { signal } from '@preact/signals'

/** The cost of one call, and how to name it to somebody else. It never contains a token. */
export type Receipt = {
  n: number
  /** By the server's clock. */
  at: number
  method: string
  path: string
  /** 0: no reply arrived. */
  status: number
  ms: number
  dbMs: number | null
  trips: number | null
  statement: string | null
  requestId: string | null
  key: string | null
  /** The version that the call expected. */
  ifMatch: number | null
  replayed: boolean
  position: string | null
  body: string | null
}

const kept = 50
let count = 0

/** The last calls, newest first. */
export const receipts = signal<readonly Receipt[]>([])

export function record(receipt: Omit<Receipt, 'n'>): void {
  count += 1
  receipts.value = [{ ...receipt, n: count }, ...receipts.value].slice(0, kept)
}

type Call = Pick<Receipt, 'method' | 'path' | 'key' | 'ifMatch' | 'body'>

/** The call as a command. The token is a variable of the shell. */
export function asCurl(
  { method, path, key, ifMatch, body }: Call,
  { origin, signedIn }: { origin: string; signedIn: boolean },
): string {
  const parts = [
    `curl -s${method === 'GET' ? '' : ` -X ${method}`} '${origin}${path.replaceAll("'", '%27')}'`,
  ]
  if (signedIn) parts.push('-H "Authorization: Bearer $TOKEN"')
  if (key !== null) parts.push(`-H 'Idempotency-Key: ${key}'`)
  if (ifMatch !== null) parts.push(`-H 'If-Match: "${ifMatch}"'`)
  if (body !== null)
    parts.push("-H 'Content-Type: application/json'", `-d '${body.replaceAll("'", "'\\''")}'`)
  return parts.join(' \\\n  ')
}
