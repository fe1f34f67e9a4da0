import { onTestFinished } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { readAccounting } from '../../../functions/core/ingest-accounting.ts'
import type { Delivered, Message } from '../../../functions/core/ingest-message.ts'
import type { Environment } from '../environment.ts'

/** A queue that keeps what it accepts, so that a test delivers it in any order; it fails as the test says. */
export type HeldQueue = { accepted: Message[]; mode: 'accept' | 'refuse' | 'hang' }
export type HeldSpill = { kept: { stream: string; id: string; body: unknown }[]; mode: 'accept' | 'refuse' }

export type Isolate = { ctx: Ctx; queue: HeldQueue; spill: HeldSpill; waited: Promise<unknown>[] }

/** The state of one isolate: its own bindings, and so its own numbers and total. */
export function isolateOf(environment: Environment): Isolate {
  const queue: HeldQueue = { accepted: [], mode: 'accept' }
  const spill: HeldSpill = { kept: [], mode: 'accept' }
  const waited: Promise<unknown>[] = []
  const ctx = environment.ctx({
    bindings: {
      QUEUE_PROBE: {
        async sendBatch(batch: { body: Message }[]) {
          if (queue.mode === 'refuse') throw new Error('The queue refuses')
          if (queue.mode === 'hang') await new Promise(() => undefined)
          // As on the wire: the queue serialises.
          queue.accepted.push(...batch.map(({ body }) => JSON.parse(JSON.stringify(body))))
        },
      },
      SPILL: {
        idFromName: (name: string) => name,
        get: () => ({
          async keep(stream: string, kept: { id: string; body: unknown }[]) {
            if (spill.mode === 'refuse') throw new Error('Spill refuses')
            spill.kept.push(...kept.map((one) => ({ stream, ...one })))
          },
        }),
      },
    },
  })
  ctx.waitUntil = (work) => void waited.push(work)
  onTestFinished(() => Promise.allSettled(waited).then(() => undefined))
  return { ctx, queue, spill, waited }
}

let deliveries = 0

export function delivered(body: unknown, attempts = 1): Delivered {
  deliveries += 1
  return { id: `delivery-${deliveries}`, body, attempts }
}

export type Sums = Record<
  'answered' | 'stored' | 'duplicate' | 'rejected' | 'dead' | 'waiting' | 'missing',
  number
>

export async function sumsOf(ctx: Ctx): Promise<Sums> {
  return sumOf((await accountingOf(ctx)).minutes)
}

export function sumOf(minutes: readonly Sums[]): Sums {
  const sums: Sums = { answered: 0, stored: 0, duplicate: 0, rejected: 0, dead: 0, waiting: 0, missing: 0 }
  for (const minute of minutes)
    for (const name of Object.keys(sums) as (keyof Sums)[]) sums[name] += minute[name]
  return sums
}

export function accountingOf(ctx: Ctx) {
  return readAccounting(ctx, 'probe', { from: new Date(0), to: new Date('2100-01-01') })
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)
}
