import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { faultsOf } from '../../core/faults.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { maxMinor } from '../contract.ts'
import { payoutOf } from '../decide.ts'
import { schemas } from '../events.ts'
import type { Appended, IncomingEvent } from './contract.ts'
import { type By, runCommand } from './scope.ts'

/** Appends a whole batch of events or nothing: stream versions, transitions and balances must be valid after each. */
export async function appendEvents(
  ctx: Ctx,
  events: readonly IncomingEvent[],
): Promise<{ ok: true; value: Appended } | Refused> {
  const whole = events.map(withCheckedData)
  const unpayable = whole.find(paysOutOfRange)
  if (unpayable !== undefined)
    return { ok: false, reason: 'amount_out_of_range', aggregateId: unpayable.aggregateId }
  return runCommand(ctx, appendStatement(ctx, whole))
}

export function appendStatement(by: By, events: readonly IncomingEvent[]): Statement {
  const batch = JSON.stringify(events)
  const statement = sql`select ${answer(sql`ledger.append_events(${batch}::jsonb, ${actorOf(by)})`)}`
  return hot('ledger.append', statement)
}

/** Such a bet could not be settled at its odds. */
function paysOutOfRange({ type, data }: IncomingEvent): boolean {
  if (type !== 'V1_BETS_BET_PLACED') return false
  const { stakeMinor, odds } = schemas[type].parse(data)
  return payoutOf(stakeMinor, odds) > maxMinor
}

function withCheckedData(event: IncomingEvent, at: number): IncomingEvent {
  const { data, error } = schemas[event.type].safeParse(event.data)
  if (data !== undefined) return { ...event, data }
  const errors = faultsOf(error, { within: ['events', at, 'data'] })
  throw new AppError('validation_failed', 'The data of an event does not match the schema of its type', {
    errors,
  })
}
