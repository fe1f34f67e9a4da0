import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { actorOf, command } from '../journal/scope.ts'
import type { Transfer, TransferResults } from './contract.ts'

/** Moves money between users, each transfer with what the ones before it left; all or none if `atomic`. */
export async function transferMoney(
  ctx: Ctx,
  { transfers, atomic }: { transfers: readonly Transfer[]; atomic: boolean },
): Promise<{ ok: true; value: TransferResults } | Refused> {
  const asked = JSON.stringify(transfers)
  return command(
    ctx,
    sql`select ${answer(sql`ledger.transfer(${asked}::jsonb, ${atomic}, ${actorOf(ctx)})`)}`,
  )
}
