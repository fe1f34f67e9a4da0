import { expect } from 'vitest'
import { clicksQueue } from '../../../functions/clicks/queue.ts'
import { consume } from '../../../functions/core/consume.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { delivered } from '../../core/probe/isolate.ts'
import { messagesOf } from './items.ts'

/** Stores clicks as the consumer of the queue does. */
export async function storeClicks(ctx: Ctx, items: readonly unknown[]): Promise<void> {
  const messages = messagesOf(items).map((body) => delivered(body))
  expect(new Set(await consume(ctx, clicksQueue, messages))).toEqual(new Set(['done']))
}
