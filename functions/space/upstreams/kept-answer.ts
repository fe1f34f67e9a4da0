import type { Answer } from '../../core/fetch.ts'
import { named, type Statement } from '../../core/named.ts'
import { sha256 } from './digest.ts'

type Verdict = {
  verdict: 'accepted' | 'partial' | 'quarantined'
  /** Why the answer, or a part of it, was quarantined; null if it was accepted. */
  reason: string | null
}

export type KeptAnswer = { upstream: string; request: string; bodyHash: string } & Verdict & Answer

export async function withHash(
  call: { upstream: string; request: string } & Verdict,
  answer: Answer,
): Promise<KeptAnswer> {
  return { ...call, ...answer, bodyHash: await sha256(answer.body) }
}

/** Stores each distinct body once and counts how often it arrived. Of equal answers in one session the last is stored. */
export function storeAnswers(answers: readonly KeptAnswer[]): Statement {
  const unique = new Map(answers.map((one) => [`${one.upstream} ${one.request} ${one.bodyHash}`, one]))
  return named('space.store-answers')`
insert into space.upstream_answers as known (upstream, request, body_hash, status, content_type, body, verdict, reason)
select
  upstream, request, "bodyHash", status, "contentType", body, verdict, reason
from jsonb_to_recordset(${JSON.stringify([...unique.values()])}::jsonb) as answer (
  upstream text, request text, "bodyHash" text, status int, "contentType" text, body text, verdict text, reason text
)
order by upstream, request, "bodyHash"
on conflict (upstream, request, body_hash) do update
set times = known.times + 1,
    received_at = now(),
    verdict = excluded.verdict,
    reason = excluded.reason`
}

/** NeoWs echoes the caller's key in every link. Removes it before any other code reads the body, with characters that text cannot store. */
export function withoutKeys(answer: Answer, key: string): Answer {
  const body = answer.body
    .replaceAll(/api_key=[^&"\\\s]*/g, 'key_removed')
    .replaceAll(key, 'key_removed')
    .replaceAll('\0', '')
    .toWellFormed()
  return { ...answer, body }
}
