-- Whether a rule's comparison holds for a fact. A fact that a click lacks meets no comparison, and numbers are compared
-- with numbers only. Postgres puts the function into the statement that calls it, which it does only if all is immutable.
-- `functions/clicks/rules.ts` says the same on paper, and a property test compares both.
create or replace function clicks.rule_holds(fact jsonb, op text, value jsonb) returns boolean
language sql immutable parallel safe
as $$
  select coalesce(
    case
      when fact is null or fact = 'null'::jsonb then false
      when op = 'eq' then fact = value
      when op = 'ne' then fact <> value
      when op = 'in' then jsonb_typeof(value) = 'array' and value @> fact
      when jsonb_typeof(fact) <> 'number' or jsonb_typeof(value) <> 'number' then false
      when op = 'lt' then fact < value
      when op = 'lte' then fact <= value
      when op = 'gt' then fact > value
      when op = 'gte' then fact >= value
    end,
    false
  )
$$;
