import { problemOf, type Refused } from '../../core/errors.ts'

/** The answer for one item of a batch: its outcome, or the problem that a single request would get. */
export function showOutcome<T extends { ok: true }>(
  outcome: T | Refused,
): T | { ok: false; problem: object } {
  return outcome.ok ? outcome : { ok: false, problem: problemOf(outcome) }
}
