import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobs } from '../../../cron/index.ts'
import { modules } from '../../../functions/modules.ts'

/** The files whose causes fire alerts, resolve them, and end with the messages that a webhook received. */
const files = [
  'ops/alerts/real-causes-fire-and-resolve.worker.test.ts',
  'ops/alerts/causes-in-the-traffic-fire-and-resolve.worker.test.ts',
  'ops/alerts/causes-in-the-server-fire-and-resolve.db.test.ts',
  'fleet/alerts/the-operator-sees-queues-and-cycles.db.test.ts',
]
const texts = files.map((file) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8'))

/** `receivedOf('rule')`, or a table whose rules are given to it one after the other. */
const received = (text: string) => {
  const named = [...text.matchAll(/receivedOf\('(\w+)'/g)].map(([, rule]) => rule)
  const listed = [...text.matchAll(/^ +rule: '(\w+)'/gm)].map(([, rule]) => rule)
  const rows = [...text.matchAll(/(?:it\.each\(|of )\[([\w', ]+)\]/g)].flatMap(([, row = '']) =>
    [...row.matchAll(/'(\w+)'/g)].map(([, rule]) => rule),
  )
  return [...named, ...listed, ...rows]
}

it('a webhook receives the beginning and the end of each alert after a real cause', () => {
  const rules = modules.flatMap(({ watch }) => watch?.({ jobs }).rules ?? []).map(({ name }) => name)
  const covered = new Set(texts.flatMap(received))
  expect(rules.length).toBeGreaterThan(30)
  expect(rules.filter((rule) => !covered.has(rule))).toEqual([])
})

it('a rule without a cause would be found', () => {
  expect(received("it.each(['a', 'b'])\n    rule: 'c',\nreceivedOf('d')")).toEqual(['d', 'c', 'a', 'b'])
  expect(texts.map((text) => text.includes('await receivedOf('))).toEqual(files.map(() => true))
})
