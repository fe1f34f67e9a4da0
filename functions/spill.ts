import { DurableObject } from 'cloudflare:workers'
import { retrySeconds } from './core/consume.ts'
import { makeContext } from './core/context.ts'
import { emptySpill, type Shelved } from './core/empty-spill.ts'
import type { Kept } from './core/spill.ts'
import type { Module } from './http/module.ts'

/** How many messages one alarm handles. */
const atOnce = 100

/** Keeps messages of streams on its disk until its alarm has handed them on. */
export function spillOf(modules: readonly Module[]) {
  const queues = modules.flatMap((module) => module.queues ?? [])
  return class Spill extends DurableObject<object> {
    constructor(state: DurableObjectState, env: object) {
      super(state, env)
      state.storage.sql.exec(`create table if not exists kept (
        key integer primary key, stream text not null, id text not null, body text not null, attempts integer not null,
        reason text, since integer not null, unique (stream, id)
      )`)
    }

    async keep(stream: string, kept: readonly Kept[]): Promise<void> {
      const { storage } = this.ctx
      storage.transactionSync(() => {
        for (const { id, body, attempts, reason } of kept)
          storage.sql.exec(
            `insert into kept (stream, id, body, attempts, reason, since) values (?, ?, ?, ?, ?, ?)
            on conflict do nothing`,
            stream,
            id,
            JSON.stringify(body) ?? 'null',
            attempts,
            reason,
            Date.now(),
          )
      })
      await this.#armWithin(retrySeconds(1))
    }

    /** An alarm that is noted here may be lost nevertheless, and the same time again arms nothing. So it is a new time. */
    async wake(): Promise<number> {
      const kept = this.#count()
      if (kept > 0) await this.ctx.storage.setAlarm(Date.now() + retrySeconds(1) * 1_000)
      return kept
    }

    override async alarm(): Promise<void> {
      const { storage } = this.ctx
      const ctx = makeContext(this.env, {
        waitUntil: (work) => this.ctx.waitUntil(work),
        log: { object: 'spill' },
      })
      const shelved = storage.sql.exec<Shelved>('select * from kept order by key limit ?', atOnce).toArray()
      const gone = await emptySpill(ctx, queues, shelved).catch((error: unknown) => {
        ctx.log.error('spill', error)
        return []
      })
      storage.transactionSync(() => {
        for (const key of gone) storage.sql.exec('delete from kept where key = ?', key)
      })
      const failures = gone.length > 0 ? 0 : (storage.kv.get<number>('failures') ?? 0) + 1
      storage.kv.put('failures', failures)
      if (this.#count() > 0) await this.#armWithin(failures === 0 ? 0 : retrySeconds(failures))
    }

    #count(): number {
      return this.ctx.storage.sql.exec<{ kept: number }>('select count(*) as kept from kept').one().kept
    }

    async #armWithin(seconds: number): Promise<void> {
      const at = Date.now() + seconds * 1_000
      const armed = await this.ctx.storage.getAlarm()
      if (armed === null || armed > at) await this.ctx.storage.setAlarm(at)
    }
  }
}
