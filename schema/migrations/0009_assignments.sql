create or replace function dispatch.plan_assignments(
  order_ids bigint[], boxes integer[], order_lats double precision[], order_lngs double precision[],
  courier_ids bigint[], rooms integer[], loads integer[], courier_lats double precision[], courier_lngs double precision[]
)
returns table (order_id bigint, courier_id bigint)
language plpgsql stable
set search_path = ''
as $$
declare
  excluded bigint[];
  best integer;
begin
  for nth in 1 .. coalesce(cardinality(order_ids), 0) loop
    excluded := array(select x.courier_id from dispatch.order_exclusions x where x.order_id = order_ids[nth]);
    select c.at into best
    from unnest(courier_ids, rooms, loads, courier_lats, courier_lngs) with ordinality as c (id, room, load, lat, lng, at)
    where c.room >= boxes[nth]
      and c.id <> all (excluded)
    order by 0.5 * c.load + coalesce(
      12742 * asin(least(1, sqrt(
        sin(radians(c.lat - order_lats[nth]) / 2) ^ 2
        + cos(radians(c.lat)) * cos(radians(order_lats[nth])) * sin(radians(c.lng - order_lngs[nth]) / 2) ^ 2
      ))), 10), c.at
    limit 1;
    continue when best is null;
    rooms[best] := rooms[best] - boxes[nth];
    loads[best] := loads[best] + boxes[nth];
    order_id := order_ids[nth];
    courier_id := courier_ids[best];
    return next;
  end loop;
end
$$;
