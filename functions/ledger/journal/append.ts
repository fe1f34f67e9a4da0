import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { faultsOf } from '../../core/faults.ts'
import { answer } from '../../core/idempotency.ts'
import { schemas } from '../events.ts'
import type { Appended, IncomingEvent } from './contract.ts'
import { actorOf, runCommand } from './scope.ts'

/** Appends a whole batch of events or nothing: stream versions, transitions and balances must be valid after each. */
export async function appendEvents(
  ctx: Ctx,
  events: readonly IncomingEvent[],
): Promise<{ ok: true; value: Appended } | Refused> {
  const checked = JSON.stringify(events.map(withCheckedData))
  return runCommand(ctx, sql`select ${answer(sql`ledger.append_events(${checked}::jsonb, ${actorOf(ctx)})`)}`)
}

function withCheckedData(event: IncomingEvent, at: number): IncomingEvent {
  const { data, error } = schemas[event.type].safeParse(event.data)
  if (data !== undefined) return { ...event, data }
  const errors = faultsOf(error, { within: ['events', at, 'data'] })
  throw new AppError('validation_failed', 'The data of an event does not match the schema of its type', {
    errors,
  })
}
