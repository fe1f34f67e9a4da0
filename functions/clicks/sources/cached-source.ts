import { cache } from '../../core/cache.ts'
import { named } from '../../core/named.ts'

/** A source as a postback needs it. The secrets are encrypted, the older one only while it is accepted. */
export type PostbackSource = {
  id: number
  owner: string
  slug: string
  secrets: string[]
  paramMap: Record<string, string>
  statusMap: Record<string, string>
}

/** Active sources by their slug in lower case. Not in the layer that isolates share, because they have secrets. */
export const cachedSources = cache<PostbackSource>({
  name: 'click_source',
  boundMs: 5_000,
  async load(ctx, slug) {
    const [row] = await ctx.db.query<{ source: PostbackSource }>(named('clicks.load-source')`
select jsonb_build_object(
  'id', s.id, 'owner', s.owner, 'slug', s.slug, 'paramMap', s.param_map, 'statusMap', s.status_map,
  'secrets', case when s.old_secret_until > now() then jsonb_build_array(s.secret, s.old_secret)
    else jsonb_build_array(s.secret) end
) as source
from clicks.traffic_sources s
where lower(s.slug) = ${slug}
  and s.status = 'active'`)
    return row?.source ?? null
  },
})
