import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { named, type Statement } from '../../core/named.ts'
import { type Chosen, choiceFollows } from '../clicks/choice-follows.ts'
import type { Config } from '../contract.ts'

/** Each hour, so about a thousand a day. */
const sample = 42
/** The sample is drawn from the newest clicks of the hour. */
const newest = 20_000

type Row = Chosen & { config: Config }

/** Makes the choices of some clicks of the last hour again. A choice that does not follow fails the run, which is an alert. */
export async function checkChoices(_ctx: Ctx, tx: Tx): Promise<JobResult> {
  const rows = await tx.query<Row>(drawChoices())
  const wrong = rows.filter((row) => choiceFollows(row.config, row) === false).map(({ id }) => id)
  if (wrong.length === 0) return { rows: rows.length, outcome: rows.length === 0 ? 'skipped' : 'ok' }
  return { rows: rows.length, outcome: 'failed', error: `Choices that do not follow: ${wrong.join(', ')}` }
}

/** Draws before it joins: the configurations of a campaign are large, and of twenty thousand clicks it reads a few. */
export function drawChoices(): Statement {
  return named('clicks.check-choices')`
with drawn as materialized (
  select id
  from (
    select id, kind
    from clicks.clicks
    where id >= core.first_id(now() - interval '1 hour')
    order by id desc
    limit ${newest}
  ) newest
  where kind <> 'fallback'
  order by random()
  limit ${sample}
)
select k.id, k.kind, k.landing_page_id::float8 as "landingPageId", k.campaign_offer_id::float8 as "offerId",
  k.ip_hash as key, k.country, k.device, k.os, k.asked, core.iso(k.created_at) as "createdAt",
  core.iso(k.erased_at) as "erasedAt", v.config
from drawn
join clicks.clicks k using (id)
join clicks.campaign_versions v on v.campaign_id = k.campaign_id and v.version = k.config_version`
}
