-- Two sources and three campaigns. fill.ts replaces the secrets by encrypted ones.
with sources as (
  insert into clicks.traffic_sources (owner, slug, name, secret, param_map, status_map)
  values
    ('admin', 'demo-net1', 'Net 1', 'none', '{"sub1": "s1", "sub2": "s2"}', '{"ok": "approved", "open": "pending"}'),
    ('partner:demo', 'demo-net2', 'Net 2', 'none', '{}', '{}')
  returning id, slug
),
campaigns as (
  insert into clicks.campaigns (
    owner, slug, name, timezone, fallback_url, currency, payout_minor, cost_model, cost_minor, cost_percent,
    traffic_source_id
  )
  select c.owner, c.slug, c.name, c.timezone, 'https://shop.example/closed', c.currency, c.payout, c.model, c.cost,
    c.percent, s.id
  from (
    values
      ('admin', 'demo-spring', 'Spring sale', 'Europe/Berlin', 'USD', 150, 'cpc', 4, null::numeric, 'demo-net1'),
      ('admin', 'demo-app', 'Get the app', 'America/New_York', 'USD', 400, 'cpm', 250, null, 'demo-net1'),
      ('partner:demo', 'demo-tea', 'Tea of the month', 'Asia/Tokyo', 'JPY', 300, 'revshare', null, 20, 'demo-net2')
  ) c (owner, slug, name, timezone, currency, payout, model, cost, percent, source)
  join sources s on s.slug = c.source
  returning id, slug
),
pages as (
  insert into clicks.landing_pages (campaign_id, name, url, weight)
  select c.id, p.name, p.url, p.weight
  from campaigns c
  join (
    values
      ('demo-app', 'Short', 'https://land.example/short?next={offerlink}', 2),
      ('demo-app', 'Long', 'https://land.example/long?next={offerlink}', 1)
  ) p (slug, name, url, weight) using (slug)
)
insert into clicks.campaign_offers (campaign_id, name, url, weight, targets)
select c.id, o.name, o.url, o.weight, o.targets::jsonb
from campaigns c
join (
  values
    ('demo-spring', 'A', 'https://shop.example/a?cid={clickid}&s={sub1}', 3, '{}'),
    ('demo-spring', 'B', 'https://shop.example/b?cid={clickid}', 1, '{}'),
    ('demo-app', 'iOS', 'https://apps.example/ios?cid={clickid}', 1, '{"os": ["iOS", "macOS"]}'),
    ('demo-app', 'Android', 'https://apps.example/android?cid={clickid}', 1, '{"os": ["Android"]}'),
    ('demo-tea', 'Green', 'https://tea.example/green?cid={clickid}', 1, '{"countries": ["DE", "FR", "GB", "US", "JP"]}'),
    ('demo-tea', 'Black', 'https://tea.example/black?cid={clickid}', 2, '{"countries": ["DE", "FR", "GB", "US", "IN"]}')
) o (slug, name, url, weight, targets) using (slug);

-- The version whose configuration has the parts.
update clicks.campaigns set version = version + 1;
