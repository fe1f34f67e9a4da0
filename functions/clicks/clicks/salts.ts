import { cache } from '../../core/cache.ts'
import { named } from '../../core/named.ts'
import { newSalt } from './new-salt.ts'

export type Salts = { day: string; salt: string }[]

/**
 * The salts of today and tomorrow (UTC) under one key, so that midnight needs no load. They leave the caches a day after
 * their last load, and Postgres with the end of their day.
 */
export const cachedSalts = cache<Salts>({
  name: 'click_salts',
  boundMs: 60 * 60 * 1_000,
  keepMs: 24 * 60 * 60 * 1_000,
  waitMs: 150,
  shared: true,
  async load(ctx) {
    // Race: two isolates make the salt of a day. The second waits for the first, and the update returns its salt.
    return ctx.db.query<Salts[number]>(named('clicks.read-salts')`
with days as (
  select (now() at time zone 'UTC')::date + ahead as day, salt
  from (values (0, ${newSalt()}), (1, ${newSalt()})) fresh (ahead, salt)
),
found as (
  select s.day, s.salt from clicks.salts s join days d on d.day = s.day
),
made as (
  insert into clicks.salts as s (day, salt)
  select day, salt from days where day not in (select day from found) order by day
  on conflict (day) do update set day = s.day
  returning s.day, s.salt
)
select day::text, salt from found union all select day::text, salt from made`)
  },
})
