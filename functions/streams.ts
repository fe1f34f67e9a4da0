import { DurableObject } from 'cloudflare:workers'
import { makeContext } from './core/context.ts'
import type { Module } from './http/module.ts'
import type { Channel, StreamQuery, Subscribe } from './http/stream.ts'

/** One object reads a feed and scope for all its subscribers. It keeps nothing but open responses. */
export function streamsOf(modules: readonly Module[]) {
  const channels: Record<string, Channel> = Object.assign(
    {},
    ...modules.map((module) => module.channels ?? {}),
  )
  return class Streams extends DurableObject<object> {
    #subscribe: Subscribe | null = null

    /** `name` is the name of this object: `feed`, or `feed/scope` where readers see parts of a feed. */
    subscribe(name: string, query: StreamQuery): ReadableStream<Uint8Array> {
      this.#subscribe ??= this.#open(name)
      return this.#subscribe(query)
    }

    #open(name: string): Subscribe {
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
