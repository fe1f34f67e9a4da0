import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import { schemas } from '../events.ts'
import type { Appended, IncomingEvent } from './contract.ts'
import { actorOf, type By, runCommand } from './scope.ts'

/** Appends a whole batch of events or nothing: stream versions, transitions and balances must be valid after each. */
export async function appendEvents(
  ctx: Ctx,
  events: readonly IncomingEvent[],
): Promise<{ ok: true; value: Appended } | Refused> {
  return runCommand(ctx, appendStatement(ctx, events.map(withCheckedData)))
}

export function appendStatement(by: By, events: readonly IncomingEvent[]): SQL {
  const batch = JSON.stringify(events)
  const statement = sql`select ${answer(sql`ledger.append_events(${batch}::jsonb, ${actorOf(by)})`)}`
  return hot('ledger.append', statement)
}

function withCheckedData(event: IncomingEvent, at: number): IncomingEvent {
  const { data, error } = schemas[event.type].safeParse(event.data)
  if (data !== undefined) return { ...event, data }
  const errors = error.issues.map(({ path, message, code }) => ({
    path: ['events', at, 'data', ...path].map(String).join('.'),
    message,
    code,
  }))
  throw new AppError('validation_failed', 'The data of an event does not match the schema of its type', {
    errors,
  })
}
