import { DurableObject } from 'cloudflare:workers'
import { makeContext } from '../core/context.ts'
import type { Asked, Channel, Listen } from '../http/stream.ts'

/** The one reader of a feed and scope, for all who listen to it. It keeps nothing but open answers. */
export function streamsOf(channels: Record<string, Channel>) {
  return class Streams extends DurableObject<object> {
    #listen: Listen | null = null

    /** `name` is that of this very object: `dispatch`, `ledger/10001`. */
    listen(name: string, asked: Asked): ReadableStream<Uint8Array> {
      this.#listen ??= this.#open(name)
      return this.#listen(asked)
    }

    #open(name: string): Listen {
      const [feed = '', scope = ''] = name.split('/')
      const open = channels[feed]
      if (open === undefined) throw new Error(`There is no feed ${feed} to listen to`)
      const ctx = makeContext(this.env, {
        waitUntil: (work) => this.ctx.waitUntil(work),
        log: { stream: name },
      })
      return open(ctx, scope)
    }
  }
}
