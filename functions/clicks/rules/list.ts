import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { RuleSet } from './contract.ts'
import { showRuleSet } from './show.ts'

type Query = { before: number | null; limit: number }

/** Newest first. */
export async function listRuleSets(ctx: Ctx, { before, limit }: Query): Promise<RuleSet[]> {
  const rows = await ctx.replica.query<{ shown: RuleSet }>(named('clicks.list-rule-sets')`
select ${showRuleSet} as shown
from clicks.rule_sets s
where ${before}::bigint is null
  or s.id < ${before}
order by s.id desc
limit ${limit}`)
  return rows.map(({ shown }) => shown)
}
