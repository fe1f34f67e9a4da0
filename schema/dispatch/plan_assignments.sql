-- Plans which courier gets which order. The function takes the orders in the caller's sequence, oldest first.
-- Each order goes to the courier with the lowest cost. The cost is the distance to the pickup in kilometres,
-- plus half a kilometre for each box held or planned. An unknown distance counts as ten kilometres.
-- The function plans one order after the other, because each choice changes the load that the next one sees. It
-- computes all distances once and chooses in a loop over an array. That takes half the time of a query for each
-- order.
-- Race: a courier gives an order back after the caller's snapshot and before the caller's lock. The function is
-- volatile, not stable, so it sees that exclusion.
create or replace function dispatch.plan_assignments(
  order_ids bigint[], boxes integer[], order_lats double precision[], order_lngs double precision[],
  courier_ids bigint[], rooms integer[], loads integer[], courier_lats double precision[], courier_lngs double precision[]
)
returns table (order_id bigint, courier_id bigint)
language plpgsql
set search_path = ''
as $$
declare
  couriers constant integer := coalesce(cardinality(courier_ids), 0);
  excluding constant boolean := exists (select from dispatch.order_exclusions x where x.order_id = any (order_ids));
  excluded bigint[] := '{}';
  places integer[];
  ways double precision[];
  weights double precision[];
  behind integer;
  cheapest double precision;
  best integer;
begin
  places := array(
    select dense_rank() over (order by o.lat, o.lng)
    from unnest(order_lats, order_lngs) with ordinality as o (lat, lng, nth)
    order by o.nth
  );
  ways := array(
    select coalesce(12742 * asin(sqrt(case when w.chord > 1 then 1 else w.chord end)), 10)
    from (select distinct p.lat, p.lng from unnest(order_lats, order_lngs) as p (lat, lng)) o
    cross join unnest(courier_lats, courier_lngs) with ordinality as c (lat, lng, at)
    cross join lateral (
      select sin(radians(c.lat - o.lat) / 2) ^ 2
        + cos(radians(c.lat)) * cos(radians(o.lat)) * sin(radians(c.lng - o.lng) / 2) ^ 2 as chord
    ) w
    order by o.lat, o.lng, c.at
  );
  weights := array(select 0.5::double precision * c.load from unnest(loads) with ordinality as c (load, at) order by c.at);
  for nth in 1 .. coalesce(cardinality(order_ids), 0) loop
    if excluding then
      excluded := array(select x.courier_id from dispatch.order_exclusions x where x.order_id = order_ids[nth]);
    end if;
    best := null;
    cheapest := 'infinity';
    behind := (places[nth] - 1) * couriers;
    for at in 1 .. couriers loop
      if ways[behind + at] + weights[at] < cheapest and rooms[at] >= boxes[nth] and not (excluding and courier_ids[at] = any (excluded)) then
        best := at;
        cheapest := ways[behind + at] + weights[at];
      end if;
    end loop;
    continue when best is null;
    rooms[best] := rooms[best] - boxes[nth];
    weights[best] := weights[best] + 0.5::double precision * boxes[nth];
    order_id := order_ids[nth];
    courier_id := courier_ids[best];
    return next;
  end loop;
end
$$;
