import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { newSalt } from '../clicks/new-salt.ts'

/** Makes the salts of today and tomorrow (UTC), and deletes those of days that are over. */
export function makeSalts(_ctx: Ctx): Statement {
  // Race: a redirect makes the salt of today at the same moment. The first insert stays, and both use it.
  return named('clicks.make-salts')`
with made as (
  insert into clicks.salts (day, salt)
  values
    ((now() at time zone 'UTC')::date, ${newSalt()}),
    ((now() at time zone 'UTC')::date + 1, ${newSalt()})
  on conflict do nothing
  returning 1
),
removed as (
  delete from clicks.salts
  where day < (now() at time zone 'UTC')::date
  returning 1
),
done as (select (select count(*) from made) + (select count(*) from removed) as rows)
select ${answer(sql`jsonb_build_object('rows', rows, 'outcome', case when rows = 0 then 'skipped' else 'ok' end)`)}
from done`
}
