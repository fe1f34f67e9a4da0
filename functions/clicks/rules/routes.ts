import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { activateRuleSet } from './activate.ts'
import * as wire from './contract.ts'
import { createRuleSet } from './create.ts'
import { listRuleSets } from './list.ts'
import { listReplays } from './list-replays.ts'
import { readRuleSet } from './read.ts'
import { readReplay } from './read-replay.ts'
import { readable } from './readable.ts'
import { startReplay } from './start-replay.ts'

const base = '/v1/clicks'
const on = at(base, 'clicks')
const roles = ['admin'] as const

export const rulesEndpoints: Endpoint[] = [
  on.post(
    '/rule-sets',
    {
      summary: 'Create a draft of rules',
      description: 'A draft decides about no click. Replay it over the history, then activate it.',
      roles,
      body: wire.NewRuleSet,
      answers: { 201: wire.RuleSet },
    },
    async (ctx, { body }) => {
      const ruleSet = await createRuleSet(ctx, body)
      return created(`${base}/rule-sets/${ruleSet.id}`, ruleSet)
    },
  ),
  on.get(
    '/rule-sets',
    {
      summary: 'List the sets of rules, newest first',
      roles,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.RuleSet) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [before] = cursorOf(wire.RuleSetCursor, cursor) ?? [null]
      const rows = await listRuleSets(ctx, { before, limit: limit + 1 })
      return ok(page(rows, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/rule-sets/{id}',
    {
      summary: 'Read a set of rules',
      roles,
      params: IdPath,
      answers: { 200: wire.RuleSet },
      problems: ['not_found'],
    },
    async (ctx, { params }) => ok(found(await readRuleSet(ctx, params))),
  ),
  on.post(
    '/rule-sets/{id}/replay',
    {
      summary: 'Decide about past clicks with these rules, and change nothing',
      description:
        'A job runs within a minute. Its answer says which clicks would turn, by rule and by source.',
      roles,
      params: IdPath,
      body: wire.StartReplay,
      answers: { 202: wire.Replay },
      problems: ['not_found', 'replay_running'],
    },
    async (ctx, { params, body }) => {
      const outcome = await startReplay(ctx, { ...params, ...body })
      if (!outcome.ok) throw new AppError(outcome.reason)
      const { replay } = outcome
      return { status: 202, location: `${base}/replays/${replay.id}`, body: readable(replay) }
    },
  ),
  on.post(
    '/rule-sets/{id}/activate',
    {
      summary: 'Let these rules decide about clicks from now on',
      roles,
      params: IdPath,
      body: wire.Activate,
      answers: { 200: wire.Activated },
      problems: ['not_found', 'rule_set_active', 'replay_running'],
    },
    async (ctx, { params, body }) => {
      const outcome = await activateRuleSet(ctx, { ...params, ...body })
      if (!outcome.ok) throw new AppError(outcome.reason)
      const { ruleSet, replay } = outcome
      return ok({ ruleSet, replay: replay && readable(replay) })
    },
  ),
  on.get(
    '/replays',
    {
      summary: 'List replays, newest first',
      roles,
      query: z.strictObject({ ...wire.ReplayFilter, ...PageQuery }),
      answers: { 200: Page(wire.Replay) },
    },
    async (ctx, { query: { ruleSetId = null, limit, cursor } }) => {
      const [before] = cursorOf(wire.RuleSetCursor, cursor) ?? [null]
      const rows = await listReplays(ctx, { ruleSetId, before, limit: limit + 1 })
      return ok(page(rows, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/replays/{id}',
    {
      summary: 'Read a replay',
      roles,
      params: IdPath,
      answers: { 200: wire.Replay },
      problems: ['not_found'],
    },
    async (ctx, { params }) => ok(found(await readReplay(ctx, params))),
  ),
]
