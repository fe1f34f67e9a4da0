import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { cachedCampaigns } from './cached-config.ts'
import { checkDestinations } from './check-destinations.ts'
import type { NewPart, VersionedPart } from './contract.ts'
import { type PartKind, partTables } from './part-kinds.ts'
import { showPart } from './show.ts'
import { visibleTo } from './visible.ts'

type Added = { ok: true; part: VersionedPart; slug: string } | Refused
type Adding = { id: number; kind: PartKind; part: NewPart }

/** Adds an offer or a landing page to a campaign. */
export async function addPart(ctx: Ctx, { id, kind, part }: Adding): Promise<Added> {
  const refused = checkDestinations({ [kind]: [part] })
  if (refused) return refused
  const added = await effect<Added>(ctx, addStatement(visibleTo(ctx, 'c'), { id, kind, part }))
  if (added.ok) cachedCampaigns.changed(ctx, added.slug.toLowerCase())
  return added
}

/**
 * Race: two callers add a part at once. Each locks the campaign and gives it a new version, so the second waits, and the
 * configuration that is kept for its version has both parts.
 */
function addStatement(visible: SQL, { id, kind, part: { name, url, weight, targets } }: Adding): Statement {
  const table = sql.raw(partTables[kind])
  return named('clicks.add-part')`
with found as materialized (
  select c.id, c.status
  from clicks.campaigns c
  where c.id = ${id}
    and ${visible}
  for update
),
decided as (
  select case
    when f.status = 'archived' then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', f.status,
      'to', f.status, 'detail', 'An archived campaign does not change')
    when (select count(*) from ${table} p where p.campaign_id = f.id and p.status = 'active') >= 50
      then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'A campaign has at most 50 of them')
  end as refused
  from found f
),
added as (
  insert into ${table} (campaign_id, name, url, weight, targets)
  select f.id, ${name}, ${url}, ${weight}, ${JSON.stringify(targets)}::jsonb
  from found f, decided d
  where d.refused is null
  returning *
),
changed as (
  update clicks.campaigns c
  set version = c.version + 1, updated_at = now()
  from added
  where c.id = added.campaign_id
  returning c.*
)
select ${answer(sql`coalesce(
  (
    select jsonb_build_object('ok', true, 'slug', c.slug,
      'part', ${showPart('p')} || jsonb_build_object('version', c.version))
    from added p
    join changed c on c.id = p.campaign_id
  ),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`
}
