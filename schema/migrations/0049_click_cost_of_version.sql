create or replace function clicks.config_of(campaign bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', c.id, 'owner', c.owner, 'version', c.version, 'slug', c.slug, 'status', c.status,
    'startsAt', core.iso(c.starts_at), 'endsAt', core.iso(c.ends_at), 'timezone', c.timezone,
    'fallbackUrl', c.fallback_url, 'currency', c.currency, 'payoutMinor', c.payout_minor,
    'costModel', c.cost_model, 'costMinor', c.cost_minor, 'costPercent', c.cost_percent, 'capDay', c.cap_day,
    'capTotal', c.cap_total, 'referrerPolicy', c.referrer_policy, 'passQuery', c.pass_query, 'durable', c.durable,
    'source', (
      select jsonb_build_object('id', s.id, 'slug', s.slug, 'paramMap', s.param_map)
      from clicks.traffic_sources s
      where s.id = c.traffic_source_id
    ),
    'landingPages', coalesce((
      select jsonb_agg(
        jsonb_build_object('id', p.id, 'name', p.name, 'url', p.url, 'weight', p.weight, 'targets', p.targets)
        order by p.id
      )
      from clicks.landing_pages p
      where p.campaign_id = c.id
        and p.status = 'active'
    ), '[]'),
    'offers', coalesce((
      select jsonb_agg(
        jsonb_build_object('id', o.id, 'name', o.name, 'url', o.url, 'weight', o.weight, 'targets', o.targets)
        order by o.id
      )
      from clicks.campaign_offers o
      where o.campaign_id = c.id
        and o.status = 'active'
    ), '[]')
  )
  from clicks.campaigns c
  where c.id = campaign
$$;

-- A version from before this migration did not keep the percentage of a share of the revenue.
update clicks.campaign_versions v
set config = v.config || jsonb_build_object('costPercent', c.cost_percent)
from clicks.campaigns c
where c.id = v.campaign_id
  and not v.config ? 'costPercent';
