import { type SQL, sql } from 'drizzle-orm'
import type { Replay } from './contract.ts'

/** A row of clicks.replays as its columns say it; `readable` makes the answer of it. */
export type StoredReplay = Pick<
  Replay,
  'id' | 'ruleSetId' | 'kind' | 'state' | 'from' | 'to' | 'judged' | 'changed' | 'createdAt' | 'finishedAt'
> & { result: { counters?: Record<string, number>; examples?: Replay['examples'] } | null }

/** Over the named row of clicks.replays. */
export function storedReplay(row: string): SQL {
  const r = sql.identifier(row)
  return sql`jsonb_build_object(
    'id', ${r}.id, 'ruleSetId', ${r}.rule_set_id, 'kind', ${r}.kind, 'state', ${r}.state, 'from', core.iso(${r}.from_at),
    'to', core.iso(${r}.to_at), 'judged', ${r}.judged, 'changed', ${r}.changed, 'result', ${r}.result,
    'createdAt', core.iso(${r}.created_at), 'finishedAt', core.iso(${r}.finished_at)
  )`
}
