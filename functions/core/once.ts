/**
 * A cron tick is done once per slot, even if it is fired twice.
 *
 * Guarantee: the slot's row commits with the work, so a slot has work of exactly one run, and a failed run leaves its
 * slot open for the next. A slot is the scheduled minute, not the moment of the run.
 * How a caller loses: `{ ran: false, reason: 'done' }`; of two at the same moment the second waits for the first.
 * What the caller must do: put the statement into the transaction of the work, after the lock. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'

/** The statement that goes before the work in its transaction, or ends it. */
export function takeSlot(job: string, slot: Date): SQL {
  return sql`select core.take_slot(${job}, ${slot.toISOString()}::timestamptz)`
}

/** Cron is late and jittered: the slot is the minute it was meant for. */
export function slotOf(scheduledTime: number): Date {
  const minuteMs = 60_000
  return new Date(Math.floor(scheduledTime / minuteMs) * minuteMs)
}
