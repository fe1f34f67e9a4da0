import { type SQL, sql } from 'drizzle-orm'
import { campaigns } from '../../../schema/clicks/tables/campaigns.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { cachedCampaigns } from './cached-config.ts'
import { checkDestinations } from './check-destinations.ts'
import type { PartChange, VersionedPart } from './contract.ts'
import { type PartKind, partTables } from './part-kinds.ts'
import { showPart } from './show.ts'
import { visibleTo } from './visible.ts'

type Edit = { id: number; partId: number; kind: PartKind; version: number; change: PartChange }

/** Changes an offer or a landing page of a campaign at the version that the caller read. */
export async function editPart(
  ctx: Ctx,
  { id, partId, kind, version, change }: Edit,
): Promise<{ ok: true; part: VersionedPart } | Refused> {
  const refused = change.url === undefined ? null : checkDestinations({ [kind]: [{ url: change.url }] })
  if (refused) return refused
  const table = sql.raw(partTables[kind])
  const edited = await changeVersion<{ part: VersionedPart; slug: string }>(ctx, {
    verb: 'clicks.edit-part',
    table: campaigns,
    id,
    version,
    set: [sql`updated_at = now()`],
    visible: sql`${visibleTo(ctx, 'found')}
    and exists (select from ${table} p where p.id = ${partId} and p.campaign_id = found.id)`,
    refusals: [
      {
        when: sql`found.status = 'archived'`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', found.status, 'to', found.status,
          'detail', 'An archived campaign does not change')`,
      },
    ],
    value: sql`jsonb_build_object('slug', changed.slug, 'part', (
      select ${showPart('p')} || jsonb_build_object('version', changed.version) from edited p
    ))`,
    also: sql`,
edited as (
  update ${table} as p
  set ${sql.join([...columnsOf(change), sql`updated_at = now()`], sql`, `)}
  from changed
  where p.id = ${partId}
    and p.campaign_id = changed.id
  returning p.*
)`,
  })
  if (!edited.ok) return edited
  cachedCampaigns.changed(ctx, edited.value.slug.toLowerCase())
  return { ok: true, part: edited.value.part }
}

function columnsOf({ name, url, weight, targets, status }: PartChange): SQL[] {
  return [
    ...assignments({ name, url, weight, status }),
    ...(targets === undefined ? [] : [sql`targets = ${JSON.stringify(targets)}::jsonb`]),
  ]
}
