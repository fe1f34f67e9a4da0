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
