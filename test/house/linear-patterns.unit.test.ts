import { expect, it } from 'vitest'
import { superLinearPatterns } from '../../dev/check/linear-patterns.ts'
import { planted } from './planted.ts'

const found = (literal: string, path = 'functions/http/body.ts') =>
  superLinearPatterns(planted({ [path]: `const first = 1\nexport const form = ${literal}` }))

it.each([
  ['slashes that are not at the end', String.raw`/^\/+|\/+$/g`],
  ['escaped quotes in a text without an end', String.raw`/"(?:[^"\\]|\\.)*"/g`],
  ['the same behind an end that a last backslash prevents', String.raw`/"(?:[^"\\]|\\.)*(?:"|$)/g`],
  ['a number without a point, whose digits two loops match', String.raw`/^(?:\d+\.?\d*|\.\d+)$/`],
  ['brackets that never close', String.raw`/=\(.*\)/g`],
  ['a search that two beginnings reach', String.raw`/(postgres:\/\/[^:\s]*:)[^@\s]+@/`],
  ['a search in each line', String.raw`/^\s+x/gm`],
  ['a loop within a look ahead', String.raw`/a(?=.*b)/`],
  ['a loop within a loop', String.raw`/^(?:a+)+$/`],
])('finds that the time of an expression is not linear: %s', (_what, literal) => {
  expect(found(literal).map(({ where }) => where)).toEqual(['functions/http/body.ts:2'])
  expect(found(literal, 'web/parts/route.ts')).toHaveLength(1)
})

it.each([
  ['one that begins with the text', String.raw`/^[a-z]+\.[a-z]+$/`],
  ['one whose end is optional', String.raw`/"(?:[^"\\]|\\.)*"?/g`],
  ['one whose beginning cannot be inside', String.raw`/\{(\w+)\}/g`],
  ['one that continues where it stopped', String.raw`/\s+x/y`],
  ['one with bounds', String.raw`/a{1,9}b/`],
])('lets an expression with linear time be: %s', (_what, literal) => {
  expect(found(literal)).toEqual([])
})

it('reads no expression of a test or of a development tool', () => {
  expect(found(String.raw`/\/+$/`, 'dev/check/all.ts')).toEqual([])
})
