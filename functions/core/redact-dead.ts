import { type SQL, sql } from 'drizzle-orm'

type Redaction = {
  stream: string
  /** A text that each of the items has in its JSON. */
  containing: string
  /** Over `i.item`: whether the item is meant, and the item as it shall be kept. */
  isMeant: SQL
  redacted: SQL
}

/**
 * A statement, for a CTE, that changes items of dead messages and returns a row for each changed message. A message that
 * Postgres cannot read as JSON can never be stored, and loses the text only.
 * Race: a replay has the message locked. This waits for it, and what the replay stored is not changed here.
 */
export function redactDead({ stream, containing, isMeant, redacted }: Redaction): SQL {
  return sql`
  update core.dead_messages d
  set body = case
    when pg_input_is_valid(d.body, 'jsonb') then jsonb_set(d.body::jsonb, '{items}', (
      select coalesce(jsonb_agg(case when ${isMeant} then ${redacted} else i.item end order by i.nth), '[]')
      from jsonb_array_elements(d.body::jsonb -> 'items') with ordinality i (item, nth)
    ))::text
    else replace(d.body, ${containing}, '')
  end
  from (
    select f.id
    from core.dead_messages f
    where f.stream = ${stream}
      and strpos(f.body, ${containing}) > 0
    order by f.id
    for update
  ) found
  where d.id = found.id
    and (not pg_input_is_valid(d.body, 'jsonb') or exists (
      select from jsonb_array_elements(d.body::jsonb -> 'items') i (item) where ${isMeant}
    ))
  returning d.id`
}
