import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { actorOf, runCommand } from '../journal/scope.ts'
import type { Transfer, TransferResults } from './contract.ts'

/** Transfers money between users in order, each after the effect of the earlier ones; `atomic` makes all or none. */
export async function transferMoney(
  ctx: Ctx,
  { transfers, atomic }: { transfers: readonly Transfer[]; atomic: boolean },
): Promise<{ ok: true; value: TransferResults } | Refused> {
  const batch = JSON.stringify(transfers)
  return runCommand(
    ctx,
    sql`select ${answer(sql`ledger.transfer(${batch}::jsonb, ${atomic}, ${actorOf(ctx)})`)}`,
  )
}
