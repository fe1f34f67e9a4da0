import { type Declared, firstRows, grants, literal, sqlIndex, storage, trigger } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { partitioned } from '../kit/partitions.ts'

const { functionFile } = filesOf(import.meta.dirname)

const read = ['select']
const append = ['select', 'insert']
const readWrite = ['select', 'insert', 'update']
const everything = ['select', 'insert', 'update', 'delete']

/** A click is history. Only its conversion, its validity and the removal of its visitor may be written later. */
const conversion = ['conversion_type', 'converted_at']
const validity = ['facts', 'rule_set_id', 'reasons', 'is_valid', 'validity']
const visitor = [
  'ip_hash',
  'ip_prefix',
  'user_agent',
  'referrer',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
  'click_id_param',
  'affiliate_sub',
  'affiliate_sub2',
  'asked',
  'erased_at',
]

/** The large hosters by the number of their network. */
const hosters: Record<number, string> = {
  8075: 'Microsoft Azure',
  8560: 'IONOS',
  9009: 'M247',
  12876: 'Scaleway',
  14061: 'DigitalOcean',
  14618: 'Amazon AES',
  16276: 'OVH',
  16509: 'Amazon',
  20473: 'Vultr',
  24940: 'Hetzner',
  26496: 'GoDaddy',
  31898: 'Oracle Cloud',
  36351: 'IBM Cloud',
  45102: 'Alibaba Cloud',
  51167: 'Contabo',
  53667: 'FranTech',
  60781: 'Leaseweb',
  63949: 'Akamai Linode',
  132203: 'Tencent Cloud',
  197540: 'netcup',
  213230: 'Hetzner Cloud',
  396982: 'Google Cloud',
}

type FirstRule = [
  name: string,
  fact: string,
  op: string,
  value: string,
  weight: number,
  kind: 'G' | 'S',
  reason: string,
]

const firstRules: FirstRule[] = [
  ['bot', 'bot', 'eq', 'true', 100, 'G', 'The agent names a bot'],
  ['noAgent', 'noAgent', 'eq', 'true', 100, 'G', 'The request has no User-Agent'],
  ['repeated', 'secondsSincePrevious', 'lt', '3600', 100, 'G', 'The visitor clicked within the last hour'],
  ['frequent', 'clicksToday', 'gt', '20', 100, 'S', 'The visitor clicked more than 20 times on one day'],
  ['hosting', 'hosting', 'eq', 'true', 60, 'S', 'The network belongs to a hoster'],
  ['blockedReferrer', 'referrerHost', 'in', '[]', 100, 'G', 'The referring site is blocked'],
  ['instantConversion', 'secondsToConvert', 'lt', '2', 100, 'S', 'The conversion came within two seconds'],
]

export const declared: Declared[] = [
  ...partitioned({ table: 'clicks.clicks', column: 'id', key: 'id', every: 'month', ahead: 3, kept: 13 }),

  functionFile('clicks.config_of(bigint)'),
  functionFile('clicks.rule_holds(jsonb, text, jsonb)'),
  functionFile('clicks.keep_version()'),
  trigger({
    name: 'campaigns_keep_new_version',
    table: 'clicks.campaigns',
    fires: 'after insert',
    forEach: 'row',
    execute: 'clicks.keep_version()',
  }),
  trigger({
    name: 'campaigns_keep_version',
    table: 'clicks.campaigns',
    fires: 'after update',
    forEach: 'row',
    when: 'new.version > old.version',
    execute: 'clicks.keep_version()',
  }),

  firstRows({
    table: 'clicks.hosting_networks',
    columns: ['asn', 'name'],
    values: Object.entries(hosters).map(([asn, name]) => `(${asn}, ${literal(name)})`),
  }),
  firstRows({
    table: 'clicks.rule_sets',
    columns: ['name', 'state', 'activated_at'],
    values: [`('First set', 'active', now())`],
  }),
  firstRows({
    table: 'clicks.rules',
    columns: ['rule_set_id', 'name', 'fact', 'op', 'value', 'weight', 'class', 'reason'],
    values: firstRules.map(([name, fact, op, value, weight, kind, reason]) => {
      const words = [name, fact, op, value].map(literal)
      return `((select min(id) from clicks.rule_sets), ${words.join(', ')}, ${weight}, ${literal(kind)}, ${literal(reason)})`
    }),
  }),

  // The counters of a quarter change with each batch; room in the page keeps such an update out of the indexes.
  storage({ table: 'clicks.campaign_stats', with: { fillfactor: 80, autovacuum_vacuum_scale_factor: 0.02 } }),
  storage({ table: 'clicks.campaign_counts', with: { fillfactor: 50 } }),
  storage({ table: 'clicks.visitors', with: { fillfactor: 80 } }),

  grants({ on: 'schema clicks', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table clicks.traffic_sources', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.campaigns', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.landing_pages', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.campaign_offers', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.campaign_versions', to: 'lockstep_app', privileges: append }),
  grants({ on: 'table clicks.campaign_counts', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.salts', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table clicks.hosting_networks', to: 'lockstep_app', privileges: read }),
  grants({
    on: 'table clicks.clicks',
    to: 'lockstep_app',
    privileges: [...append, `update (${[...conversion, ...validity, ...visitor, 'updated_at'].join(', ')})`],
  }),
  // An insert that conflicts updates the id to itself, to return the row as it is. An erasure empties the data.
  grants({
    on: 'table clicks.events',
    to: 'lockstep_app',
    privileges: [...append, 'update (id, event_data)', 'delete'],
  }),
  grants({ on: 'table clicks.parked_events', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table clicks.visitors', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table clicks.conversions', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.conversion_events', to: 'lockstep_app', privileges: append }),
  grants({ on: 'table clicks.orphan_postbacks', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.postbacks_out', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table clicks.campaign_stats', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.campaign_dimensions', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table clicks.unfolded', to: 'lockstep_app', privileges: [...append, 'delete'] }),
  grants({ on: 'table clicks.folds', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.rule_sets', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.rules', to: 'lockstep_app', privileges: append }),
  grants({ on: 'table clicks.replays', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table clicks.erasures', to: 'lockstep_app', privileges: append }),

  sqlIndex({
    name: 'idx_traffic_sources_slug',
    table: 'clicks.traffic_sources',
    unique: true,
    columns: ['lower(slug)'],
    serves: 'a slug names one source; /postback/{source}',
  }),
  sqlIndex({
    name: 'idx_traffic_sources_owner',
    table: 'clicks.traffic_sources',
    columns: ['owner', 'id desc'],
    serves: 'GET /v1/clicks/sources of one owner',
  }),
  sqlIndex({
    name: 'idx_campaigns_slug',
    table: 'clicks.campaigns',
    unique: true,
    columns: ['lower(slug)'],
    serves: 'a slug names one campaign; the redirect reads it',
  }),
  sqlIndex({
    name: 'idx_campaigns_owner',
    table: 'clicks.campaigns',
    columns: ['owner', 'id desc'],
    serves: 'GET /v1/clicks/campaigns of one owner',
  }),
  sqlIndex({
    name: 'idx_landing_pages_campaign',
    table: 'clicks.landing_pages',
    columns: ['campaign_id', 'id'],
    serves: 'the landing pages of a campaign',
  }),
  sqlIndex({
    name: 'idx_campaign_offers_campaign',
    table: 'clicks.campaign_offers',
    columns: ['campaign_id', 'id'],
    serves: 'the offers of a campaign',
  }),
  sqlIndex({
    name: 'idx_clicks_campaign',
    table: 'clicks.clicks',
    columns: ['campaign_id', 'id'],
    serves: 'lists, exports, replays and folds of a campaign, by time',
    concurrently: false,
  }),
  sqlIndex({
    name: 'idx_clicks_visitor',
    table: 'clicks.clicks',
    columns: ['ip_hash'],
    where: 'ip_hash is not null',
    serves: 'DELETE /v1/clicks/visitors/{key}',
    concurrently: false,
  }),
  sqlIndex({
    name: 'idx_events_click',
    table: 'clicks.events',
    columns: ['click_id', 'created_at', 'id'],
    serves: 'the events of a click',
  }),
  sqlIndex({
    name: 'idx_events_created',
    table: 'clicks.events',
    columns: ['created_at'],
    serves: 'the removal of events past their time',
  }),
  sqlIndex({
    name: 'idx_parked_events_due',
    table: 'clicks.parked_events',
    columns: ['due_at'],
    serves: 'the parked events whose click is looked for',
  }),
  sqlIndex({
    name: 'idx_visitors_day',
    table: 'clicks.visitors',
    columns: ['day'],
    serves: 'the removal of visitors past their time',
  }),
  sqlIndex({
    name: 'idx_visitors_key',
    table: 'clicks.visitors',
    columns: ['visitor_key'],
    serves: 'DELETE /v1/clicks/visitors/{key}',
  }),
  sqlIndex({
    name: 'idx_conversions_campaign',
    table: 'clicks.conversions',
    columns: ['campaign_id', 'id desc'],
    serves: 'GET /v1/clicks/conversions?campaignId=',
  }),
  sqlIndex({
    name: 'idx_conversion_events_conversion',
    table: 'clicks.conversion_events',
    columns: ['conversion_id', 'id'],
    serves: 'the history of a conversion',
  }),
  sqlIndex({
    name: 'idx_orphan_postbacks_click',
    table: 'clicks.orphan_postbacks',
    columns: ['click_id', 'id'],
    where: "state = 'open'",
    serves: 'parked postbacks whose click came',
  }),
  sqlIndex({
    name: 'idx_orphan_postbacks_owner',
    table: 'clicks.orphan_postbacks',
    columns: ['owner', 'state', 'id desc'],
    serves: 'GET /v1/clicks/orphans of one owner',
  }),
  sqlIndex({
    name: 'idx_orphan_postbacks_received',
    table: 'clicks.orphan_postbacks',
    columns: ['received_at'],
    where: "state = 'open'",
    serves: 'parked postbacks past their time',
  }),
  sqlIndex({
    name: 'idx_postbacks_out_due',
    table: 'clicks.postbacks_out',
    columns: ['traffic_source_id', 'due_at', 'id'],
    where: "state = 'waiting'",
    serves: 'the postbacks of a source that are due',
  }),
  sqlIndex({
    name: 'idx_postbacks_out_source',
    table: 'clicks.postbacks_out',
    columns: ['traffic_source_id', 'state', 'id desc'],
    serves: 'GET /v1/clicks/postbacks of a source, or of the sources of one owner',
  }),
  sqlIndex({
    name: 'idx_unfolded_quarter',
    table: 'clicks.unfolded',
    columns: ['campaign_id', 'quarter'],
    serves: 'the fold of the dimensions',
  }),
  sqlIndex({
    name: 'idx_rule_sets_active',
    table: 'clicks.rule_sets',
    unique: true,
    columns: ['state'],
    where: "state = 'active'",
    serves: 'one set of rules is active; the consumer reads it',
  }),
  sqlIndex({
    name: 'idx_replays_running',
    table: 'clicks.replays',
    unique: true,
    columns: ['state'],
    where: "state = 'running'",
    serves: 'one replay runs at a time; its job continues it',
  }),
]
