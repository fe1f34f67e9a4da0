import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { IngestQueue } from '../../core/ingest-message.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { DeadCursor, DeadFilter, DeadMessage, ReplayDead, Replayed } from './contract.ts'
import { listDead } from './list.ts'
import { replayDead } from './replay.ts'

const on = at('/v1/ops/dead', 'ops')

/** `queues` are those of all rows. */
export function deadEndpoints(queues: readonly IngestQueue[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List the messages that a queue consumer gave up, newest first',
        roles: ['admin'],
        query: z.strictObject({ ...DeadFilter, ...PageQuery }),
        answers: { 200: Page(DeadMessage) },
      },
      async (ctx, { query: { stream = null, limit, cursor } }) => {
        const [before = null] = cursorOf(DeadCursor, cursor) ?? []
        const dead = await listDead(ctx, { stream, before, limit: limit + 1 })
        return ok(page(dead, limit, ({ id }) => [id]))
      },
    ),
    on.post(
      '/replay',
      {
        summary: 'Store dead messages after all, each once',
        description: 'A message that fails again stays dead, and the answer says why.',
        roles: ['admin'],
        body: ReplayDead,
        answers: { 200: Replayed },
        problems: ['not_found'],
      },
      async (ctx, { body }) => {
        const queue = queues.find(({ stream }) => stream === body.stream)
        if (queue === undefined)
          throw new AppError('not_found', `No row receives a stream named ${body.stream}`)
        return ok(await replayDead(ctx, queue, body))
      },
    ),
  ]
}
