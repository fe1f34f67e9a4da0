import { expect, it } from 'vitest'
import { readTree } from '../../dev/check/tree.ts'
import { projectRoot } from '../../dev/system/project.ts'
import { emittedNames, undocumented } from '../support/event-names.ts'
import { webhooks } from '../support/system.ts'
import { planted } from './planted.ts'

const documented = Object.keys(webhooks)

it('the document lists each event that the code emits', () => {
  const emitted = emittedNames(readTree(projectRoot))
  expect(emitted.length).toBeGreaterThan(8)
  expect(undocumented(emitted, documented)).toEqual([])
})

it.each([
  ['functions/sample/things/lift.ts', "told as (${emit({ topic: 'sample', type: 'thing.lifted' })})"],
  [
    'functions/sample/things/lift.ts',
    "told as (${emit({ topic: 'sample', type: sql`'thing.' || status` })})",
  ],
  [
    'functions/sample/feed.ts',
    "export const things: Outgoing = { table: 'sample.things', type: sql`'thing.lifted'` }",
  ],
  [
    'schema/sample/lift.sql',
    "perform core.emit('sample', null, array['thing:1'], array['thing.lifted'], bodies);",
  ],
])('an event that only %s knows is found', (path, text) => {
  const found = undocumented(emittedNames(planted({ [path]: text })), documented)
  expect(found.map(({ name }) => name)).toEqual([expect.stringMatching(/^thing\./)])
})
