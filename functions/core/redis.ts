/**
 * A client for Redis over HTTP, in the REST protocol of Upstash: a command is a JSON array, the answer is `{ result }` or
 * `{ error }`. The commands that a Worker needs are few, and the official client has 177 kB.
 */
import * as z from 'zod'

export type Redis = (command: readonly (string | number)[]) => Promise<unknown>

type Server = {
  url: string
  token: string
  /** Includes reading the body. A slow cache is worse than none. */
  limitMs: number
}

const Answer = z.union([z.object({ result: z.unknown() }), z.object({ error: z.string() })])

export function makeRedis({ url, token, limitMs }: Server): Redis {
  return async (command) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(command),
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    })
    const answer = Answer.safeParse(await response.json())
    // The message of Redis may quote an argument, so it stays here.
    if (!response.ok || !answer.success || 'error' in answer.data)
      throw new Error(`Redis refused ${command[0]} with status ${response.status}`)
    return answer.data.result
  }
}

/** A whole number in the answer to INFO, which is lines of `name:value`. Null without it: each server has its own fields. */
export function infoField(info: unknown, name: string): number | null {
  if (typeof info !== 'string') return null
  const line = info.split('\r\n').find((one) => one.startsWith(`${name}:`))
  const value = Number(line?.slice(name.length + 1).trim() || Number.NaN)
  return Number.isInteger(value) ? value : null
}
