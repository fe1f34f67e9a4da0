import { type SQL, sql } from 'drizzle-orm'

type Redaction = {
  stream: string
  /** A text that each of the items has in its JSON. */
  containing: string
  /** Over `i.item`: whether the item is meant, and the item as it shall be kept. */
  isMeant: SQL
  redacted: SQL
  /** Cuts the text out of messages that Postgres cannot read as JSON, whosever their items are. They can never be stored. */
  alsoUnreadable: boolean
}

/**
 * A statement, for a CTE, that changes items of dead messages and returns a row for each changed message.
 * Race: a replay has the message locked. This waits for it, and the items that the replay stored are not changed.
 */
export function redactDead({ stream, containing, isMeant, redacted, alsoUnreadable }: Redaction): SQL {
  return sql`
  update core.dead_messages d
  set body = case
    when found.items is null then replace(d.body, ${containing}, '')
    else jsonb_set(d.body::jsonb, '{items}', (
      select jsonb_agg(case when ${isMeant} then ${redacted} else i.item end order by i.nth)
      from jsonb_array_elements(found.items) with ordinality i (item, nth)
    ))::text
  end
  from (
    select f.id, case when pg_input_is_valid(f.body, 'jsonb')
      then nullif(jsonb_path_query_array(f.body::jsonb, 'strict $.items[*]', silent => true), '[]') end as items
    from core.dead_messages f
    where f.stream = ${stream}
      and strpos(f.body, ${containing}) > 0
    order by f.id
    for update
  ) found
  where d.id = found.id
    and case
      when found.items is null then ${alsoUnreadable}
      else exists (select from jsonb_array_elements(found.items) i (item) where ${isMeant})
    end
  returning d.id`
}
