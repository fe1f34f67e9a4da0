/**
 * A cron slot is done once, even if its tick fires twice.
 *
 * Guarantee: the slot's row commits with the work. So a slot has the work of exactly one run, and a failed run leaves
 * its slot open for the next. A slot is the scheduled minute, not the moment of the run.
 * How a caller loses: `{ ran: false, reason: 'done' }`; of two at the same moment the second waits for the first.
 * The caller must put the statement into the transaction of the work, after the lock. Driver: any.
 */
import { named, type Statement } from './named.ts'

/** Put this statement before the work in its transaction. It ends the transaction when the slot is done. */
export function takeSlot(job: string, slot: Date): Statement {
  return named('core.take-slot')`select core.take_slot(${job}, ${slot.toISOString()}::timestamptz)`
}

/** Cron ticks are late and jittered, so the slot is the scheduled minute. */
export function slotOf(scheduledTime: number): Date {
  const minuteMs = 60_000
  return new Date(Math.floor(scheduledTime / minuteMs) * minuteMs)
}
