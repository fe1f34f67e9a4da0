import { type Mutant, mutantsOf } from './mutant.ts'

const choices = 'test/clicks/rules/choices.unit.test.ts'
const destinations = 'test/clicks/offers/destinations.unit.test.ts'
const decisions = 'test/clicks/rules/sql-decides-as-the-rules-do.db.test.ts'
const once = 'test/clicks/clicks/each-click-is-stored-once.race.test.ts'
const conversions = 'test/clicks/conversions/any-order-ends-in-one-state.race.test.ts'
const dimensions = 'test/clicks/stats/dimensions-follow-the-clicks.db.test.ts'
const plans = 'test/clicks/stats/indexes-serve-their-queries.db.test.ts'
const told = 'test/clicks/conversions/sources-learn-of-conversions.worker.test.ts'
const turns = 'test/clicks/conversions/each-source-gets-its-turn.db.test.ts'

export const clicksMutants: readonly Mutant[] = [
  ...mutantsOf('clicks: a batch', once, [
    [
      'functions/clicks/clicks/store.ts',
      'counts each click as the first of its visitor',
      'coalesce(s.clicks_before, 0) + ',
      '',
    ],
    [
      'functions/clicks/clicks/store.ts',
      'forgets the clicks of a visitor that an earlier batch had',
      'set clicks = v.clicks + excluded.clicks, last_at',
      'set clicks = excluded.clicks, last_at',
    ],
    [
      'functions/clicks/clicks/store.ts',
      'counts its clicks in a quarter instead of adding them',
      'set clicks = q.clicks + excluded.clicks,',
      'set clicks = excluded.clicks,',
    ],
    [
      'functions/clicks/clicks/store.ts',
      'counts previews as clicks',
      "    count(*) filter (where kind = 'click'),\n",
      "    count(*) filter (where kind <> 'fallback'),\n",
    ],
    [
      'functions/clicks/clicks/store.ts',
      'fails at an item that is stored',
      '  order by id\n  on conflict (id) do nothing\n  returning id\n),\nkept',
      '  order by id\n  returning id\n),\nkept',
    ],
    [
      'functions/clicks/clicks/store.ts',
      'stores an event for a click of another campaign',
      'when k.campaign = coalesce(p.campaign, k.campaign) then',
      'when k.campaign is not null then',
    ],
    [
      'functions/clicks/clicks/store.ts',
      'stores an event for a click that never was',
      "> now() - make_interval(hours => ${parkedHours}) then 'parked'",
      "is distinct from now() then 'stored'",
    ],
    [
      'functions/clicks/clicks/match-events.ts',
      'gives a parked event to the click of another campaign',
      'when l.clicked_in = coalesce(l.campaign_id, l.clicked_in) then',
      'when l.clicked_in is not null then',
    ],
    [
      'functions/clicks/clicks/match-events.ts',
      'keeps a parked event for ever',
      ' and l.created_at > now() - make_interval(hours => ${parkedHours})',
      '',
    ],
    [
      'functions/clicks/queue.ts',
      'dies where a partition is missing',
      '[new Date(at - minuteMs), new Date(at)]',
      '[]',
    ],
  ]),
  ...mutantsOf('clicks: a decision', decisions, [
    ['schema/clicks/rule_holds.sql', 'takes lt for lte', 'then fact < value', 'then fact <= value'],
    ['schema/clicks/rule_holds.sql', 'compares what is no number', "jsonb_typeof(fact) <> 'number' or ", ''],
    [
      'functions/clicks/rules/apply.ts',
      'takes each invalid click for a general one',
      "filter (where rule.class = 'G')",
      '',
    ],
    [
      'functions/clicks/rules/apply.ts',
      'counts rules that do not hold',
      'where clicks.rule_holds(${facts} -> rule.fact, rule.op, rule.value)',
      'where clicks.rule_holds(${facts} -> rule.fact, rule.op, rule.value) or true',
    ],
  ]),
  ...mutantsOf('clicks: a choice', choices, [
    ['functions/clicks/rules.ts', 'ignores weights', '-part.weight / Math.log', '-1 / Math.log'],
    [
      'functions/clicks/rules.ts',
      'takes one hash for landing page and offer',
      '`${key}/offer/`',
      '`${key}/page/`',
    ],
    [
      'functions/clicks/rules.ts',
      'ignores for whom an offer is',
      '.filter(({ targets }) => fits(targets, asking))',
      '',
    ],
    ['functions/clicks/rules.ts', 'trips the cap of a day on another day', 'counts.day === at.day && ', ''],
  ]),
  ...mutantsOf('clicks: a destination', destinations, [
    [
      'functions/clicks/offers/fill.ts',
      'carries values as they came',
      "encode(values[name] ?? '')",
      "(values[name] ?? '')",
    ],
    [
      'functions/clicks/offers/destination-fault.ts',
      'lets a macro choose the host',
      "  if (/[{}]/.test(authority)) return 'A macro may stand behind the host only'\n",
      '',
    ],
    [
      'functions/clicks/offers/pass-query.ts',
      'passes on what the destination has',
      ' && !present.has(name)',
      '',
    ],
  ]),
  ...mutantsOf('clicks: a fold', dimensions, [
    [
      'functions/clicks/stats/fold-dimensions.ts',
      'takes marks that it has not read',
      'using wanted w\n  where (u.campaign_id, u.quarter) = (w.campaign_id, w.quarter)\n  returning 1',
      'where exists (select from wanted)\n  returning 1',
    ],
    [
      'functions/clicks/stats/fold-dimensions.ts',
      'claims to be up to date while quarters wait',
      'coalesce(since, now()) from waiting',
      'now() from waiting',
    ],
    [
      'functions/clicks/stats/fold-dimensions.ts',
      'keeps every value',
      'case when o.place is null then',
      'case when true then',
    ],
  ]),
  ...mutantsOf('clicks: a conversion', conversions, [
    [
      'functions/clicks/conversions/convert.ts',
      'takes the status of the last arrival',
      'set status = case when ${rises} then excluded.status else v.status end',
      'set status = excluded.status',
    ],
    [
      'functions/clicks/conversions/convert.ts',
      'takes the payout of the last arrival',
      'payout_minor = case when ${rises} then excluded.payout_minor else v.payout_minor end',
      'payout_minor = excluded.payout_minor',
    ],
    [
      'functions/clicks/conversions/convert.ts',
      'leaves an earlier status counted',
      "where result = 'updated'",
      "where result = 'never'",
    ],
    [
      'functions/clicks/conversions/convert.ts',
      'is new with each postback',
      "else 'duplicate'\n    end as result",
      "else 'accepted'\n    end as result",
    ],
    [
      'functions/clicks/conversions/receive.ts',
      'drops a postback whose click is unknown',
      'where not exists (select from located)',
      'where exists (select from located)',
    ],
    [
      'functions/clicks/conversions/match-orphans.ts',
      'reads all clicks for those of parked postbacks',
      '\n      offset 0',
      '',
      plans,
    ],
  ]),
  ...mutantsOf('clicks: a postback to a source', told, [
    [
      'functions/clicks/conversions/list-postbacks.ts',
      'is listed for every partner',
      'owner === null ? null : sql`s.owner = ${owner}`',
      'null',
    ],
    [
      'functions/clicks/conversions/list-postbacks.ts',
      'is listed again on the next page',
      'sql`p.id < ${before}`',
      'sql`p.id <= ${before}`',
    ],
    [
      'functions/clicks/conversions/claim-postbacks.ts',
      'takes back what a later status told',
      'later.conversion_id = p.conversion_id and later.id > p.id',
      'later.conversion_id = p.conversion_id and false',
    ],
    [
      'functions/clicks/conversions/claim-postbacks.ts',
      'to many sources of one owner takes the places of another owner',
      'partition by s.owner order by',
      'order by',
      turns,
    ],
  ]),
]
