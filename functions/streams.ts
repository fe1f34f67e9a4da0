import { DurableObject } from 'cloudflare:workers'
import { makeContext } from './core/context.ts'
import type { Module } from './http/module.ts'
import type { Asked, Channel, Listen } from './http/stream.ts'

/** One object reads a feed and scope for all its subscribers. It keeps nothing but open responses. */
export function streamsOf(modules: readonly Module[]) {
  const channels: Record<string, Channel> = Object.assign(
    {},
    ...modules.map((module) => module.channels ?? {}),
  )
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
      if (open === undefined) throw new Error(`No feed is named ${feed}`)
      const ctx = makeContext(this.env, {
        waitUntil: (work) => this.ctx.waitUntil(work),
        log: { stream: name },
      })
      return open(ctx, scope)
    }
  }
}
