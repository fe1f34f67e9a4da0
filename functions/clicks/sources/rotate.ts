import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { decryptSecret, encryptSecret } from '../../core/encrypt.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import { cachedSources } from './cached-source.ts'
import type { Source, SourceWithSecret } from './contract.ts'
import { encryptionFor } from './encryption.ts'
import { makeSecret } from './make-secret.ts'
import { showSource } from './show.ts'

/** `sealed` is the encrypted secret. Answers that are stored for repeated requests have it under this name, too. */
type Rotated = { ok: true; source: Source; sealed: string } | Refused

const unknown = { ok: false, reason: 'not_found', detail: 'This source does not exist' } as const

/**
 * Replaces the secret of the postbacks. The old one is accepted for `overlapHours`, so that the network can switch. The
 * owner and the slug of a source never change, so the first read cannot be outdated when the secret is encrypted for them.
 */
export async function rotateSecret(
  ctx: Ctx,
  { id, overlapHours }: { id: number; overlapHours: number },
): Promise<{ ok: true; source: SourceWithSecret } | Refused> {
  // On the primary: a replica may not show a source that was just created.
  const [source] = await ctx.db.query<Pick<Source, 'owner' | 'slug'>>(named('clicks.source-to-rotate')`
select s.owner, s.slug
from clicks.traffic_sources s
where s.id = ${id}
  and ${visibleTo(ctx, 's')}`)
  if (source === undefined) return unknown
  const encryption = encryptionFor(ctx.env, source)
  const secret = await encryptSecret(makeSecret(), encryption)
  const rotated = await effect<Rotated>(
    ctx,
    named('clicks.rotate-source')`
with changed as (
  update clicks.traffic_sources s
  set secret = ${secret},
      old_secret = case when ${overlapHours > 0} then s.secret end,
      old_secret_until = case when ${overlapHours > 0} then now() + make_interval(hours => ${overlapHours}) end,
      version = s.version + 1,
      updated_at = now()
  where s.id = ${id}
    and ${visibleTo(ctx, 's')}
  returning s.*
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'source', ${showSource('changed')}, 'sealed', changed.secret) from changed),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
  )
  if (!rotated.ok) return rotated
  cachedSources.changed(ctx, source.slug.toLowerCase())
  return {
    ok: true,
    source: { ...rotated.source, postbackSecret: await decryptSecret(rotated.sealed, encryption) },
  }
}
