import { DurableObject } from 'cloudflare:workers'
import { makeContext } from './core/context.ts'
import type { Module } from './http/module.ts'
import { type Channel, limited, type StreamQuery } from './http/stream.ts'

/** One object reads a feed and scope for all its subscribers. It keeps nothing but open responses. */
export function streamsOf(modules: readonly Module[]) {
  const channels: Record<string, Channel> = Object.assign(
    {},
    ...modules.map((module) => module.channels ?? {}),
  )
  return class Streams extends DurableObject<object> {
    #subscribe: ReturnType<typeof limited> | null = null

    /** `name` is the name of this object: `feed`, or `feed/scope` where readers see parts of a feed. Null beyond the limits. */
    subscribe(name: string, query: StreamQuery): ReadableStream<Uint8Array> | null {
      this.#subscribe ??= this.#open(name)
      return this.#subscribe(query)
    }

    #open(name: string): ReturnType<typeof limited> {
      const [feed = '', scope = ''] = name.split('/')
      const open = channels[feed]
      if (open === undefined) throw new Error(`No feed is named ${feed}`)
      const ctx = makeContext(this.env, {
        waitUntil: (work) => this.ctx.waitUntil(work),
        log: { stream: name },
      })
      const { STREAMS_PER_CALLER: perCaller, STREAMS_IN_ALL: inAll } = ctx.env
      return limited(open(ctx, scope), { perCaller, inAll })
    }
  }
}
