import type { SQL } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import type { Config } from '../contract.ts'
import { choiceFollows } from './choice-follows.ts'
import type { ExplainedClick } from './contract.ts'
import { showClick } from './show.ts'

type Found = {
  click: Omit<ExplainedClick, 'choice'>
  config: Config | null
  key: string | null
  asked: { languages?: string[]; query?: Record<string, string> } | null
}

/**
 * A click with the rules that decided about it and the choice that is made anew from the configuration that its redirect
 * read; null if the caller can see no such click.
 */
export async function readClick(ctx: Ctx, { id }: { id: string }): Promise<ExplainedClick | null> {
  const [row] = await ctx.replica.query<Found>(readClickStatement(visibleTo(ctx, 'c'), { id }))
  return row === undefined ? null : { ...row.click, choice: choiceOf(row) }
}

export function readClickStatement(visible: SQL, { id }: { id: string }): Statement {
  return named('clicks.read-click')`
select ${showClick} || jsonb_build_object(
    'facts', k.facts,
    'ruleSetId', k.rule_set_id,
    'rules', coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', r.name, 'fact', r.fact, 'op', r.op, 'value', r.value, 'weight', r.weight, 'class', r.class,
        'reason', r.reason, 'found', k.facts -> r.fact
      ) order by r.weight desc, r.name)
      from clicks.rules r
      where r.rule_set_id = k.rule_set_id
        and r.name = any(k.reasons)
    ), '[]'),
    'events', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', e.id, 'type', e.event_type, 'data', e.event_data, 'createdAt', core.iso(e.created_at)
      ) order by e.created_at, e.id)
      from clicks.events e
      where e.click_id = k.id
    ), '[]')
  ) as click,
  v.config, k.ip_hash as key, k.asked
from clicks.clicks k
join clicks.campaigns c on c.id = k.campaign_id
left join clicks.campaign_versions v on v.campaign_id = k.campaign_id and v.version = k.config_version
where k.id = ${id}
  and ${visible}`
}

function choiceOf({ click, config, key, asked }: Found): ExplainedClick['choice'] {
  const { landingPageId, offerId } = click
  return { landingPageId, offerId, recomputed: config && choiceFollows(config, { ...click, key, asked }) }
}
