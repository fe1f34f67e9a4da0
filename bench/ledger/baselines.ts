import type pg from 'pg'
import { userBalanceRules } from '../../schema/ledger/rules.ts'
import { createLike, givenBareEvents } from './given.ts'

/** Another way to maintain balances, over a table like the ledger's events. */
export type Kept = { events: string; balances: string }

/** A row-level trigger sums the account's whole history anew: the naive solution. */
export async function givenResum(owner: pg.Pool): Promise<Kept> {
  const kept = await givenTables(owner, 'resum')
  await owner.query(`
create function bench.resum() returns trigger language plpgsql as $$
begin
  insert into ${kept.balances} (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select new.tenant_id, new.user_id, new.currency, sum(balance_delta), sum(reserved_delta), max(seq)
  from ${kept.events}
  where tenant_id = new.tenant_id and user_id = new.user_id and currency = new.currency
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq;
  return null;
end $$;
create trigger resum after insert on ${kept.events} for each row execute function bench.resum()`)
  return kept
}

/** A row-level trigger adds each row to its existing account, in the order of the batch. */
export async function givenRowDelta(owner: pg.Pool): Promise<Kept> {
  const kept = await givenTables(owner, 'row_delta')
  await owner.query(`
create function bench.row_delta() returns trigger language plpgsql as $$
begin
  update ${kept.balances}
  set balance_minor = balance_minor + new.balance_delta,
      reserved_minor = reserved_minor + new.reserved_delta,
      last_seq = greatest(last_seq, new.seq)
  where tenant_id = new.tenant_id and user_id = new.user_id and currency = new.currency;
  return null;
end $$;
create trigger row_delta after insert on ${kept.events} for each row execute function bench.row_delta()`)
  return kept
}

/**
 * Maintains `select tenant_id, user_id, currency, sum(…), count(*) … group by` as pg_ivm does. Because of the group by,
 * the view is locked exclusively before the base table changes. After the statement the trigger computes the delta from
 * the transition table, adds it to existing groups and inserts new ones. As in pg_ivm, each query is prepared anew. The
 * extension does more than this in C, and needs a build for each version of Postgres.
 */
export async function givenImmediateView(owner: pg.Pool): Promise<Kept> {
  const events = await givenBareEvents(owner, 'ivm_events')
  const balances = 'bench.ivm_balances'
  const sums = ['balance', 'reserved'].map((name) => ({
    column: `${name}_minor`,
    count: `__ivm_count_${name}__`,
    delta: `${name}_delta`,
  }))
  await owner.query(`
create table ${balances} (tenant_id bigint, user_id text, currency text,
  ${sums.map(({ column, count }) => `${column} numeric, ${count} bigint`).join(', ')}, __ivm_count__ bigint);
create unique index on ${balances} (tenant_id, user_id, currency);
grant select, insert, update, delete on ${balances} to lockstep_app;
grant maintain on ${balances} to lockstep_app;

create function bench.ivm_before() returns trigger language plpgsql as $$
begin
  execute 'lock table ${balances} in exclusive mode';
  return null;
end $$;

create function bench.ivm_after() returns trigger language plpgsql as $$
begin
  execute $q$
with diff as materialized (
  select tenant_id, user_id, currency,
    ${sums.map(({ column, count, delta }) => `sum(${delta}) as ${column}, count(${delta}) as ${count}`).join(', ')},
    count(*) as __ivm_count__
  from arrived
  group by tenant_id, user_id, currency
),
updt as (
  update ${balances} mv
  set ${sums
    .map(
      ({ column, count }) => `
    ${column} = case when mv.${count} + diff.${count} = 0 then null
      else coalesce(mv.${column}, 0) + coalesce(diff.${column}, 0) end,
    ${count} = mv.${count} + diff.${count}`,
    )
    .join(',')},
    __ivm_count__ = mv.__ivm_count__ + diff.__ivm_count__
  from diff
  where (mv.tenant_id = diff.tenant_id or mv.tenant_id is null and diff.tenant_id is null)
    and (mv.user_id = diff.user_id or mv.user_id is null and diff.user_id is null)
    and (mv.currency = diff.currency or mv.currency is null and diff.currency is null)
  returning mv.tenant_id, mv.user_id, mv.currency
)
insert into ${balances} (tenant_id, user_id, currency, ${sums.map(({ column, count }) => `${column}, ${count}`).join(', ')}, __ivm_count__)
select * from diff
where not exists (
  select from updt
  where (updt.tenant_id, updt.user_id, updt.currency) = (diff.tenant_id, diff.user_id, diff.currency)
)$q$;
  return null;
end $$;

create trigger ivm_before before insert on ${events} for each statement execute function bench.ivm_before();
create trigger ivm_after after insert on ${events}
  referencing new table as arrived for each statement execute function bench.ivm_after()`)
  return { events, balances }
}

async function givenTables(owner: pg.Pool, name: string): Promise<Kept> {
  const events = await givenBareEvents(owner, `${name}_events`)
  const balances = `bench.${name}_balances`
  await createLike(owner, balances, {
    of: 'ledger.user_balances_view',
    rules: userBalanceRules,
    storage: 'with (fillfactor = 50)',
  })
  await owner.query(`grant select, insert, update on ${balances} to lockstep_app`)
  return { events, balances }
}
