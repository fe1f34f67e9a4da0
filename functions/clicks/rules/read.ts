import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { RuleSet } from './contract.ts'
import { showRuleSet } from './show.ts'

export async function readRuleSet(ctx: Ctx, { id }: { id: number }): Promise<RuleSet | null> {
  const [row] = await ctx.replica.query<{ shown: RuleSet }>(sql`
select ${showRuleSet} as shown
from clicks.rule_sets s
where s.id = ${id}`)
  return row?.shown ?? null
}
