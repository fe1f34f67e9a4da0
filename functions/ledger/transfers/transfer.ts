import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { type By, runCommand } from '../journal/scope.ts'
import type { Transfer, TransferResults } from './contract.ts'

type Transferred = { ok: true; value: TransferResults }
type Batch = { transfers: readonly Transfer[]; atomic: boolean }

/** Transfers money between users in order, each after the effect of the earlier ones; `atomic` makes all or none. */
export async function transferMoney(ctx: Ctx, batch: Batch): Promise<Transferred | Refused> {
  const outcome = await runCommand<Transferred>(ctx, transferStatement(ctx, batch))
  if (outcome.ok || !Array.isArray(outcome['results'])) return outcome
  // A refusal keeps only the first results, and the rejected one may be the last.
  const rejectedAt = outcome['results'].flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))
  return { ...outcome, rejectedAt: rejectedAt.slice(0, 100) }
}

export function transferStatement(by: By, { transfers, atomic }: Batch): Statement {
  const batch = JSON.stringify(transfers)
  const statement = sql`select ${answer(sql`ledger.transfer(${batch}::jsonb, ${atomic}, ${actorOf(by)})`)}`
  return hot('ledger.transfer', statement)
}
