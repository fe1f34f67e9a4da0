import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { decryptSecret, encryptSecret } from '../../core/encrypt.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { ownerOf } from '../campaigns/owner.ts'
import { cachedSources } from './cached-source.ts'
import { checkTemplate } from './check-template.ts'
import type { NewSource, Source, SourceWithSecret } from './contract.ts'
import { encryptionFor } from './encryption.ts'
import { makeSecret } from './make-secret.ts'
import { showSource } from './show.ts'

/** `sealed` is the encrypted secret. Answers that are stored for repeated requests have it under this name, too. */
type Created = { ok: true; source: Source; sealed: string } | Refused

/** Creates a traffic source. Only this answer contains the secret of its postbacks. */
export async function createSource(
  ctx: Ctx,
  source: NewSource,
): Promise<{ ok: true; source: SourceWithSecret } | Refused> {
  const refused = checkTemplate(ctx, source.postbackTemplate)
  if (refused) return refused
  const owner = ownerOf(ctx)
  const encryption = encryptionFor(ctx.env, { owner, slug: source.slug })
  const secret = await encryptSecret(makeSecret(), encryption)
  const created = await effect<Created>(ctx, createStatement(owner, source, secret))
  if (!created.ok) return created
  cachedSources.changed(ctx, source.slug.toLowerCase())
  return {
    ok: true,
    source: { ...created.source, postbackSecret: await decryptSecret(created.sealed, encryption) },
  }
}

function createStatement(owner: string, source: NewSource, secret: string): Statement {
  const { slug, name, paramMap, statusMap, ipAllow, postbackTemplate } = source
  // Race: two requests take one slug. The unique index lets one of them wait, and it then inserts nothing.
  return named('clicks.create-source')`
with created as (
  insert into clicks.traffic_sources (
    owner, slug, name, secret, param_map, status_map, ip_allow, postback_template
  )
  values (
    ${owner}, ${slug}, ${name}, ${secret}, ${JSON.stringify(paramMap)}::jsonb, ${JSON.stringify(statusMap)}::jsonb,
    ${sql.param(ipAllow)}::cidr[], ${postbackTemplate}
  )
  on conflict (lower(slug)) do nothing
  returning *
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'source', ${showSource('created')}, 'sealed', created.secret) from created),
  jsonb_build_object('ok', false, 'reason', 'slug_taken', 'slug', ${slug}::text)
)`)}`
}
