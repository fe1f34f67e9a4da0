import { expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { metricRules } from '../../../functions/ops/metrics/watch.ts'

/** A gatherer that counted calls of outside servers in five minutes. */
const series = [
  ['webhooks\tdelivered', 40],
  ['postbacks\tdelivered', 30],
  ['postbacks\trefused', 10],
  ['wheretheiss\tok', 5],
  ['celestrak\ttimeout', 2],
].map(([labels, calls]) => [`upstream_requests_total\t${labels}`, [calls], [calls]])
const now = Date.now()
const read = async () => ({ asOf: now, since: now, isolates: 1, silent: 0, open: 0, heardAt: now, series })
const ctx = {
  env: { METRICS: { idFromName: () => null, get: () => ({ read }) } },
  now: () => new Date(now),
} as unknown as Ctx

it('a webhook or a postback that was delivered is no error of the server that took it', async () => {
  const rule = metricRules.find(({ name }) => name === 'upstream_errors')
  if (rule === undefined || !('read' in rule)) throw new Error('The rule is missing')
  expect(await rule.read(ctx)).toEqual([
    { labels: { upstream: 'webhooks' }, value: 0 },
    { labels: { upstream: 'postbacks' }, value: 25 },
    { labels: { upstream: 'wheretheiss' }, value: 0 },
    { labels: { upstream: 'celestrak' }, value: 100 },
  ])
})
