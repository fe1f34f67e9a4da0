import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyRules } from '../../../functions/clicks/rules/apply.ts'
import { rulesInForce } from '../../../functions/clicks/rules/in-force.ts'
import { decideValidity, type Rule } from '../../../functions/clicks/rules.ts'
import { ruleClasses, ruleFacts, ruleOperators } from '../../../schema/clicks/states.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { sent } from '../../support/sent.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

const value = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -2, max: 5 }),
  fc.constantFrom(0.5, 3600, 19.999, 1e-3),
  fc.constantFrom('', 'DE', 'a.example', '1', 'true', 'ü'),
)
/** A rule compares with a value, and a click may lack a fact. */
const fact = fc.option(value)
const rules = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,4}$/),
    fact: fc.constantFrom(...ruleFacts.slice(0, 6)),
    op: fc.constantFrom(...ruleOperators),
    value: fc.oneof(value, fc.array(fact, { maxLength: 4 })),
    weight: fc.integer({ min: 1, max: 100 }),
    class: fc.constantFrom(...ruleClasses),
    reason: fc.constant('because'),
  }),
  { selector: ({ name }) => name, maxLength: 8 },
)
const facts = fc.dictionary(fc.constantFrom<string>(...ruleFacts.slice(0, 6)), fact)

async function decideInSql(cases: readonly { facts: object; rules: readonly Rule[] }[]) {
  const { ctx } = environment
  return ctx().db.query<{ reasons: string[]; validity: string }>(sent`
with cases as (
  select at, c.facts, c.rules
  from jsonb_array_elements(${JSON.stringify(cases)}::jsonb) with ordinality as e (one, at)
  cross join lateral jsonb_to_record(e.one) as c (facts jsonb, rules jsonb)
)
select d.reasons, d.validity
from cases c
cross join lateral (
  with given as (
    select 1::bigint as rule_set_id, r.*
    from jsonb_to_recordset(c.rules) as r (name text, fact text, op text, value jsonb, weight int, class text)
  )
  ${applyRules({ rules: 'given', facts: sql`c.facts` })}
) d
order by c.at`)
}

describe('the decision about a click', () => {
  it('is in SQL what rules.ts says, for any rules and facts', async () => {
    const cases = fc.sample(fc.record({ facts, rules }), 1_500)
    const decided = await decideInSql(cases)
    expect(decided).toEqual(cases.map((one) => decideValidity(one.facts, one.rules)))
    expect(new Set(decided.map(({ validity }) => validity))).toEqual(
      new Set(['valid', 'general', 'sophisticated']),
    )
  })

  it('differs from rules.ts when a comparison is another one, so the comparison of both notices it', async () => {
    const limit: Rule = {
      name: 'limit',
      fact: 'clicksToday',
      op: 'lt',
      value: 3,
      weight: 100,
      class: 'G',
      reason: 'because',
    }
    const cases = [
      ...fc.sample(fc.record({ facts, rules }), 300),
      { facts: { clicksToday: 3 }, rules: [limit] },
    ]
    const broken = cases.map((one) => ({
      facts: one.facts,
      rules: one.rules.map((rule) => (rule.op === 'lt' ? { ...rule, op: 'lte' as const } : rule)),
    }))
    expect(await decideInSql(broken)).not.toEqual(cases.map((one) => decideValidity(one.facts, one.rules)))
  })

  it('follows the first set of rules', async () => {
    const { rows } = await admin.query<Rule>('select * from clicks.rules')
    const decide = (given: Record<string, unknown>) => {
      const { validity, reasons } = decideValidity(given, rows)
      return [validity, ...reasons]
    }
    expect(decide({ bot: false, noAgent: false, hosting: false, clicksToday: 1 })).toEqual(['valid'])
    expect(decide({ bot: true })).toEqual(['general', 'bot'])
    expect(decide({ noAgent: true })).toEqual(['general', 'noAgent'])
    expect(decide({ secondsSincePrevious: 3599.9 })).toEqual(['general', 'repeated'])
    expect(decide({ secondsSincePrevious: 3600 })).toEqual(['valid'])
    expect(decide({ clicksToday: 20 })).toEqual(['valid'])
    expect(decide({ clicksToday: 21 })).toEqual(['sophisticated', 'frequent'])
    expect(decide({ hosting: true })).toEqual(['valid', 'hosting'])
    expect(decide({ secondsToConvert: 1.9 })).toEqual(['sophisticated', 'instantConversion'])
    expect(decide({ hosting: true, bot: true })).toEqual(['general', 'bot', 'hosting'])
    expect(decide({ referrerHost: 'news.example' })).toEqual(['valid'])
    const blocking = rows.map((rule) =>
      rule.name === 'blockedReferrer' ? { ...rule, value: ['news.example'] } : rule,
    )
    expect(decideValidity({ referrerHost: 'news.example' }, blocking).validity).toBe('general')
  })

  it('knows the large hosters, and takes no network of the private relay for one', async () => {
    const { rows } = await admin.query('select asn::int from clicks.hosting_networks')
    const asns = rows.map(({ asn }) => asn)
    expect(asns).toEqual(expect.arrayContaining([16509, 24940, 396982]))
    expect(asns.filter((asn) => [13335, 36183, 54113].includes(asn))).toEqual([])
  })

  it('needs an active set, and the database has exactly one', async () => {
    const [row] = await environment
      .ctx()
      .db.query<{ n: number }>(
        sent`with in_force as (${rulesInForce()}) select count(distinct rule_set_id)::int as n from in_force`,
      )
    expect(row?.n).toBe(1)
    await expect(
      admin.query(
        `insert into clicks.rule_sets (name, state, activated_at) values ('second', 'active', now())`,
      ),
    ).rejects.toMatchObject({ code: '23505' })
  })
})
