import type { ServerResponse } from 'node:http'

export function reply(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(status, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    ...headers,
  })
  res.end(JSON.stringify(body))
}

/** Announces the length of the whole response, and breaks off in the middle. */
export function replyCutShort(res: ServerResponse, body: unknown): void {
  const whole = Buffer.from(JSON.stringify(body))
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
  res.write(whole.subarray(0, whole.length / 2), () => res.socket?.destroy())
}
