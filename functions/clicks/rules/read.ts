import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { RuleSet } from './contract.ts'
import { showRuleSet } from './show.ts'

export async function readRuleSet(ctx: Ctx, { id }: { id: number }): Promise<RuleSet | null> {
  const [row] = await ctx.replica.query<{ shown: RuleSet }>(named('clicks.read-rule-set')`
select ${showRuleSet} as shown
from clicks.rule_sets s
where s.id = ${id}`)
  return row?.shown ?? null
}
