import { type SQL, sql } from 'drizzle-orm'
import { conversionStatuses } from '../../../schema/clicks/states.ts'
import { exponents } from '../../core/currencies.ts'
import { emit } from '../../core/outbox.ts'
import { mostPayoutMinor } from '../contract.ts'
import { applyRules } from '../rules/apply.ts'
import { showConversion } from './show.ts'

/**
 * CTEs: converts the rows of `reported` (n, owner, source_id, click_id, type, txid, status, payout_minor, currency, amount,
 * data, received_at), of which each click, type and txid has one. `decided` has a row for each whose click is known and
 * belongs to its owner: `result`, and the conversion as it stands.
 * The highest status wins, and its postback decides the payout; one without a payout takes that of the campaign. So the
 * order in which postbacks arrive does not matter. The cost is that of the configuration that the click met: after an edit
 * of the cost, a later status takes back the cost that an earlier one counted.
 * `rounded`: a payout with too many decimals is rounded, because nobody is there to correct it. A payout above the limit
 * is not converted in either case; `priced` has its row, and `decided` does not.
 * Race: two postbacks of one click come at once. The second waits for the click, then for the conversion, and `old` is the
 * row that the first one left. All rows are locked in the order of their keys: clicks, conversions, quarters.
 */
export function convert({ rounded = false } = {}): SQL {
  return sql`
located as materialized (
  select r.*, c.kind, c.clicked_at, c.landing_page_id, c.campaign_offer_id, c.click_source, c.facts, c.validity,
    c.rule_set_id, c.conversion_type, p.id as campaign_id, p.currency as campaign_currency,
    p.payout_minor as campaign_payout, v.config ->> 'costModel' as cost_model,
    (v.config ->> 'costMinor')::bigint as cost_minor, (v.config ->> 'costPercent')::numeric as cost_percent,
    greatest(0, floor(extract(epoch from r.received_at - c.clicked_at)))::bigint as seconds_to_convert
  from (select * from reported order by click_id) r
  cross join lateral (
    select c.kind, c.created_at as clicked_at, c.campaign_id, c.config_version, c.landing_page_id, c.campaign_offer_id,
      c.traffic_source_id as click_source, c.facts, c.validity, c.rule_set_id, c.conversion_type
    from clicks.clicks c
    where c.id = r.click_id
    for no key update
  ) c
  join clicks.campaigns p on p.id = c.campaign_id and p.owner = r.owner
  join clicks.campaign_versions v on v.campaign_id = c.campaign_id and v.version = c.config_version
),
priced as materialized (
  select l.*, c.is_countable, c.is_countable and (l.amount_minor is null or ${rounded} or l.amount_minor = trunc(l.amount_minor)) as is_due,
    coalesce(l.payout_minor, round(l.amount_minor), l.campaign_payout) as report_payout,
    case when l.payout_minor is null then l.campaign_currency else l.currency end as report_currency,
    l.payout_minor is not null or l.amount is not null as names_payout
  from (
    select l.*, l.amount * 10::numeric ^ coalesce((${JSON.stringify(exponents)}::jsonb ->> l.campaign_currency)::int, 2)
      as amount_minor
    from located l
  ) l
  cross join lateral (
    select coalesce(l.payout_minor, round(l.amount_minor), 0) <= ${mostPayoutMinor} as is_countable
  ) c
),
upserted as (
  insert into clicks.conversions as v (
    click_id, campaign_id, landing_page_id, campaign_offer_id, traffic_source_id, type, txid, status, payout_minor,
    currency, seconds_to_convert, created_at
  )
  select click_id, campaign_id, landing_page_id, campaign_offer_id, click_source, type, txid, status, report_payout,
    report_currency, seconds_to_convert, received_at
  from priced
  where is_due
  order by click_id, type, txid
  on conflict (click_id, type, txid) do update
  set status = case when ${rises} then excluded.status else v.status end,
      payout_minor = case when ${rises} then excluded.payout_minor else v.payout_minor end,
      currency = case when ${rises} then excluded.currency else v.currency end,
      updated_at = case when ${rises} then now() else v.updated_at end
  returning v.*, old.status as from_status, old.payout_minor as from_payout, old.currency as from_currency
),
decided as materialized (
  select p.n, p.owner, p.source_id, p.kind, p.clicked_at, p.campaign_currency, p.cost_model, p.cost_minor,
    p.cost_percent, p.facts, p.validity, p.rule_set_id, p.conversion_type, p.received_at, p.data,
    p.status as report_status, p.report_payout, p.report_currency, p.names_payout, u.*,
    case
      when u.from_status is null then 'accepted'
      when u.from_status <> u.status then 'updated'
      else 'duplicate'
    end as result
  from priced p
  join upserted u using (click_id, type, txid)
),
changed as materialized (
  select * from decided where result <> 'duplicate'
),
recorded as (
  insert into clicks.conversion_events (
    conversion_id, result, from_status, to_status, revenue_delta_minor, traffic_source_id, data, received_at
  )
  select id, result, from_status, status,
    case when status = 'approved' then payout_minor else 0 end
      - case when from_status = 'approved' then from_payout else 0 end,
    source_id, data, received_at
  from decided
  order by id
),
rules_of as materialized (
  select r.rule_set_id, r.name, r.fact, r.op, r.value, r.weight, r.class
  from clicks.rules r
  where r.rule_set_id in (select rule_set_id from changed)
),
judged as materialized (
  select c.click_id, c.campaign_id, c.clicked_at, c.landing_page_id, c.campaign_offer_id, c.traffic_source_id,
    c.campaign_currency, c.kind, c.type, c.received_at, c.new_facts, c.validity as old_validity, d.reasons, d.validity
  from (
    select distinct on (c.click_id) c.*,
      c.facts || jsonb_build_object('secondsToConvert', c.seconds_to_convert) as new_facts
    from changed c
    where c.conversion_type is null
    order by c.click_id, c.received_at, c.id
  ) c
  cross join lateral (${applyRules({
    rules: 'rules_of',
    facts: sql`case when rule.rule_set_id = c.rule_set_id then c.new_facts end`,
  })}) d
),
marked as (
  update clicks.clicks c
  set conversion_type = j.type, converted_at = j.received_at, facts = j.new_facts, reasons = j.reasons,
      validity = j.validity, is_valid = j.validity = 'valid', updated_at = now()
  from judged j
  where c.id = j.click_id
),
${counted}`
}

/** Over `v`, the conversion that stands, and `excluded`, the one that is reported. */
const order = sql`${sql.param([...conversionStatuses])}::text[]`
const rises = sql`array_position(${order}, excluded.status) > array_position(${order}, v.status)`

const counters = [
  'conversions',
  'pending',
  'approved',
  'rejected',
  'reversed',
  'revenue_minor',
  'conversion_cost_milli',
] as const

function sums(which: SQL): SQL {
  const over = (value: SQL) => sql`coalesce(sum(${value}) filter (where ${which}), 0)`
  const statuses = conversionStatuses.map((one) =>
    over(sql`case when in_status = ${one} then sign else 0 end`),
  )
  return sql.join([over(sql`sign`), ...statuses, over(sql`revenue`), over(sql`cost`)], sql`, `)
}

/** Takes the conversion as it was out of both of its quarters and adds it as it is, each under its own currency. */
const counted = sql`
versions as (
  select c.*, -1 as sign, from_status as in_status, from_payout as in_payout, from_currency as in_currency
  from changed c
  where result = 'updated'
  union all
  select c.*, 1, status, payout_minor, currency
  from changed c
),
moments as (
  select v.*, m.own, date_bin('15 minutes', m.moment, timestamptz '2000-01-01 00:00:00+00') as quarter
  from versions v
  cross join lateral (values (false, clicked_at), (true, created_at)) m (own, moment)
),
parts as (
  select campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, in_currency as currency, own, sign,
    in_status, case when in_status = 'approved' then sign * in_payout else 0 end as revenue,
    case when in_status = 'approved' and cost_model = 'revshare' then sign * round(in_payout * cost_percent * 10) else 0 end
      as cost, 0 as valid, 0 as general, 0 as sophisticated
  from moments
  union all
  select campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, campaign_currency, own, 0, null, 0,
    sign * cost_minor * 1000, 0, 0, 0
  from moments
  where in_status = 'approved'
    and cost_model = 'cpa'
  union all
  select campaign_id, date_bin('15 minutes', clicked_at, timestamptz '2000-01-01 00:00:00+00'), landing_page_id,
    campaign_offer_id, traffic_source_id, campaign_currency, false, 0, null, 0, 0,
    (validity = 'valid')::int - (old_validity = 'valid')::int,
    (validity = 'general')::int - (old_validity = 'general')::int,
    (validity = 'sophisticated')::int - (old_validity = 'sophisticated')::int
  from judged
  where kind = 'click'
    and validity <> old_validity
),
quarters as (
  insert into clicks.campaign_stats as q (
    campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency,
    valid, invalid_general, invalid_sophisticated,
    ${sql.join(
      ['', 'own_'].map((prefix) => sql.raw(counters.map((one) => prefix + one).join(', '))),
      sql`, `,
    )}
  )
  select campaign_id, quarter, coalesce(landing_page_id, 0), coalesce(campaign_offer_id, 0),
    coalesce(traffic_source_id, 0), currency, sum(valid), sum(general), sum(sophisticated),
    ${sql.join([sql`not own`, sql`own`].map(sums), sql`, `)}
  from parts
  group by campaign_id, quarter, coalesce(landing_page_id, 0), coalesce(campaign_offer_id, 0),
    coalesce(traffic_source_id, 0), currency
  order by campaign_id, quarter, coalesce(landing_page_id, 0), coalesce(campaign_offer_id, 0),
    coalesce(traffic_source_id, 0), currency
  on conflict (campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency) do update
  set ${sql.raw(
    ['valid', 'invalid_general', 'invalid_sophisticated', ...counters, ...counters.map((one) => `own_${one}`)]
      .map((one) => `${one} = q.${one} + excluded.${one}`)
      .join(', '),
  )}
),
to_fold as (
  insert into clicks.unfolded (campaign_id, quarter)
  select distinct campaign_id, date_bin('15 minutes', clicked_at, timestamptz '2000-01-01 00:00:00+00')
  from changed
),
emitted as (${emit({
  topic: 'clicks',
  from: 'changed',
  type: sql`'conversion.' || status`,
  subject: sql`'conversion:' || id`,
  audience: sql`nullif(owner, 'admin')`,
  data: showConversion('changed'),
})}
),
reported_on as (
  insert into clicks.postbacks_out (conversion_id, traffic_source_id, conversion_status, url, give_up_at)
  select c.id, s.id, c.status, s.postback_template, now() + interval '1 day'
  from changed c
  join clicks.traffic_sources s on s.id = c.traffic_source_id
  where s.postback_template is not null
    and s.status = 'active'
  on conflict (conversion_id, conversion_status) do nothing
)`
