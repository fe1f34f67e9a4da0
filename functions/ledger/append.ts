import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { AppError, type Refused } from '../core/errors.ts'
import { answer } from '../core/idempotency.ts'
import { actorOf, command } from './books.ts'
import type { Appended, IncomingEvent } from './contract.ts'
import { isEventType, schemaOf } from './events.ts'

/** Appends events as they are, whole batch or nothing: streams, steps and accounts must come out sound. */
export async function appendEvents(
  ctx: Ctx,
  events: readonly IncomingEvent[],
): Promise<{ ok: true; value: Appended } | Refused> {
  const checked = JSON.stringify(events.map(withCheckedData))
  return command(ctx, sql`select ${answer(sql`ledger.append_events(${checked}::jsonb, ${actorOf(ctx)})`)}`)
}

function withCheckedData(event: IncomingEvent, at: number): IncomingEvent {
  if (!isEventType(event.type)) throw invalid([{ path: `events.${at}.type`, message: 'Not a type of event' }])
  const data = schemaOf(event.type).safeParse(event.data)
  if (data.success) return event
  throw invalid(
    data.error.issues.map(({ path, message }) => ({
      path: ['events', at, 'data', ...path].map(String).join('.'),
      message,
    })),
  )
}

function invalid(errors: { path: string; message: string }[]): AppError {
  return new AppError('validation_failed', undefined, { errors })
}
