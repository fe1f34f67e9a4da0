import type { Delivery } from '../../functions/webhooks/deliveries/contract.ts'
import { ask, type Reply, type Request } from '../api.ts'

/** The ended deliveries of a webhook from one on: a replay sends these again. */
export type Later = {
  dead: number
  all: number
  /** False: there are too many to count them. */
  isWhole: boolean
}

type Deliveries = { data: Delivery[]; nextCursor: string | null }

const mostPages = 10

/** Counts them from the newest one down to this one. */
export async function readLater(path: string, from: number, { signal }: Request): Promise<Reply<Later>> {
  let later: Later = { dead: 0, all: 0, isWhole: false }
  let next: string | null = null
  for (let pages = 0; ; pages += 1) {
    const at: string = next === null ? path : `${path}&cursor=${encodeURIComponent(next)}`
    const reply: Reply<Deliveries> = await ask<Deliveries>(at, signal ? { signal } : {})
    if (!reply.ok || reply.data === null) return reply
    const { data, nextCursor } = reply.data
    const ended = data.filter(({ id, state }) => id >= from && state !== 'waiting')
    later = {
      dead: later.dead + ended.filter(({ state }) => state === 'dead').length,
      all: later.all + ended.length,
      isWhole: nextCursor === null || data.some(({ id }) => id <= from),
    }
    if (later.isWhole || pages + 1 === mostPages) return { ...reply, etag: null, data: later }
    next = nextCursor
  }
}
