import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Rule as Watched } from '../../core/watch.ts'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { Rule, RulePath, RuleValues, Tried, TryRule, ValuesQuery } from './contract.ts'
import { listRules } from './list.ts'
import { readRuleValues } from './read-values.ts'
import { tryRule } from './try.ts'
import { tuneRules } from './tune.ts'

const on = at('/v1/ops/rules', 'ops')

/** `rules` are those of all rows. */
export function rulesEndpoints(rules: readonly Watched[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List the rules of alerts with their limits and newest values',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(Rule), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listRules(ctx, tuneRules(ctx, rules)), nextCursor: null }),
    ),
    on.get(
      '/{name}/values',
      {
        summary: 'Read the values of a rule over time',
        roles: ['admin'],
        params: RulePath,
        query: ValuesQuery,
        answers: { 200: RuleValues },
        problems: ['not_found'],
      },
      async (ctx, { params: { name }, query: { hours } }) =>
        ok(await readRuleValues(ctx, knownRule(tuneRules(ctx, rules), name), hours)),
    ),
    on.post(
      '/{name}/try',
      {
        summary: 'Try other limits of a rule on the values of the last fourteen days',
        description: 'Nothing is changed. Limits that the body does not name are those of the rule.',
        roles: ['admin'],
        params: RulePath,
        body: TryRule,
        answers: { 200: Tried },
        problems: ['not_found', 'unprocessable'],
      },
      async (ctx, { params: { name }, body }) => {
        const rule = knownRule(tuneRules(ctx, rules), name)
        const { raise = rule.raise, clear = rule.clear } = body
        if (raise >= clear !== rule.raise >= rule.clear)
          throw new AppError('unprocessable', 'raise and clear must stay in the order that the rule has')
        return ok(await tryRule(ctx, rule, body))
      },
    ),
  ]
}

function knownRule(rules: readonly Watched[], name: string): Watched {
  const rule = rules.find((known) => known.name === name) ?? null
  return found(rule, `No rule is named ${name}; see GET /v1/ops/rules`)
}
