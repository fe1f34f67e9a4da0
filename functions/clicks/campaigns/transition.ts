import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { campaignSteps } from '../rules.ts'
import { cachedCampaigns } from './cached-config.ts'
import type { Campaign } from './contract.ts'
import { showCampaign } from './show.ts'
import { visibleTo } from './visible.ts'

type Transition = { id: number; step: keyof typeof campaignSteps }

/** Pauses, resumes or archives a campaign. */
export async function transitionCampaign(
  ctx: Ctx,
  { id, step }: Transition,
): Promise<{ ok: true; campaign: Campaign } | Refused> {
  const outcome = await effect<{ ok: true; campaign: Campaign } | Refused>(
    ctx,
    transitionStatement(visibleTo(ctx, 'c'), { id, step }),
  )
  if (outcome.ok) cachedCampaigns.changed(ctx, outcome.campaign.slug.toLowerCase())
  return outcome
}

function transitionStatement(visible: SQL, { id, step }: Transition): Statement {
  const { from, to } = campaignSteps[step]
  // Race: a pause and an archive at once. The second waits for the row and decides on the status that the first left.
  return named('clicks.transition-campaign')`
with found as materialized (
  select c.id, c.status
  from clicks.campaigns c
  where c.id = ${id}
    and ${visible}
  for update
),
changed as (
  update clicks.campaigns c
  set status = ${to}, version = c.version + 1, updated_at = now()
  from found
  where c.id = found.id
    and found.status = any(${sql.param([...from])}::text[])
  returning c.*
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'campaign', ${showCampaign('changed')}) from changed),
  (select jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', status, 'to', ${to}::text) from found),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`
}
