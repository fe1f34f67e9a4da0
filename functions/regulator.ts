import { DurableObject } from 'cloudflare:workers'
import { makeContext } from './core/context.ts'
import type { Module } from './http/module.ts'

/** Runs the paced work of one shard: its alarm fires at each slot, works, and is armed for the next one before. */
export function regulatorOf(modules: readonly Module[]) {
  const work = modules.flatMap(({ paced }) => paced ?? [])
  return class Regulator extends DurableObject<object> {
    /** An alarm that is noted here may be lost nevertheless, and the same time again arms nothing. So it is a new time. */
    async arm(name: string, shard: number): Promise<void> {
      this.ctx.storage.kv.put('name', name)
      this.ctx.storage.kv.put('shard', shard)
      await this.#armNext()
    }

    override async alarm(): Promise<void> {
      const { paced, ctx, shard, ms } = this.#duty()
      // Another deployment may have fewer shards, or no such work.
      if (paced === undefined || shard >= paced.shards(ctx)) return
      await this.#armNext()
      const slot = new Date(Math.floor(ctx.now().getTime() / ms) * ms)
      try {
        const run = await paced.run(ctx, { shard, slot })
        if (run !== null) ctx.log.info(paced.name, { slot: slot.toISOString(), ...run })
      } catch (error) {
        ctx.log.error(paced.name, error, { slot: slot.toISOString() })
      }
    }

    async #armNext(): Promise<void> {
      const { ms } = this.#duty()
      const now = Date.now()
      const next = (Math.floor(now / ms) + 1) * ms
      await this.ctx.storage.setAlarm(next + (now % 97))
    }

    #duty() {
      const { kv } = this.ctx.storage
      const shard = kv.get<number>('shard') ?? 0
      const ctx = makeContext(this.env, {
        waitUntil: (promise) => this.ctx.waitUntil(promise),
        log: { object: 'regulator', shard },
      })
      const paced = work.find(({ name }) => name === kv.get<string>('name'))
      return { paced, ctx, shard, ms: (paced?.seconds(ctx) ?? 60) * 1_000 }
    }
  }
}
