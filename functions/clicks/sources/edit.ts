import { sql } from 'drizzle-orm'
import { trafficSources } from '../../../schema/clicks/tables/sources.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { cachedCampaigns } from '../campaigns/cached-config.ts'
import { visibleTo } from '../campaigns/visible.ts'
import { cachedSources } from './cached-source.ts'
import { checkTemplate } from './check-template.ts'
import type { Source, SourceChange } from './contract.ts'
import { showSource } from './show.ts'

type Edit = { id: number; version: number; change: SourceChange }

/** Changes a source. Its postbacks and the links of its campaigns follow here at once, elsewhere within 5 s. */
export async function editSource(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Source } | Refused> {
  const refused = checkTemplate(ctx, change.postbackTemplate)
  if (refused) return refused
  const { name, status, paramMap, statusMap, ipAllow, postbackTemplate } = change
  const json = (value: object | undefined) => value && sql`${JSON.stringify(value)}::jsonb`
  const edited = await changeVersion<{ source: Source; campaigns: string[] }>(ctx, {
    verb: 'clicks.edit-source',
    table: trafficSources,
    id,
    version,
    set: [
      ...assignments({
        name,
        status,
        param_map: json(paramMap),
        status_map: json(statusMap),
        ip_allow: ipAllow && sql`${sql.param(ipAllow)}::cidr[]`,
        postback_template: postbackTemplate,
      }),
      sql`updated_at = now()`,
    ],
    visible: visibleTo(ctx, 'found'),
    value: sql`jsonb_build_object('source', ${showSource('changed')}, 'campaigns', coalesce((
      select jsonb_agg(lower(c.slug)) from clicks.campaigns c where c.traffic_source_id = changed.id
    ), '[]'))`,
  })
  if (!edited.ok) return edited
  const { source, campaigns } = edited.value
  cachedSources.changed(ctx, source.slug.toLowerCase())
  for (const slug of campaigns) cachedCampaigns.changed(ctx, slug)
  return { ok: true, value: source }
}
