import fc from 'fast-check'
import { expect, it } from 'vitest'
import { diffDeclared } from '../../dev/migrations/diff-declared.ts'
import { type Declared, grants, sqlFunction, sqlIndex, sqlView } from '../../schema/kit/declare.ts'

const body = (answer: number) =>
  sqlFunction({
    name: 'core.f()',
    create: `create or replace function core.f() returns int return ${answer}`,
  })
const grant = (...privileges: string[]) => grants({ on: 'table core.t', to: 'lockstep_app', privileges })

it('nothing changed, nothing to do', () => {
  expect(diffDeclared([body(1), grant('select')], [body(1), grant('select')])).toEqual({
    dropped: [],
    created: [],
  })
})

it('what replaces itself is not dropped first', () => {
  expect(diffDeclared([body(1)], [body(2)])).toEqual({ dropped: [], created: [body(2)] })
})

it('what cannot replace itself is dropped as it was, then created as it is', () => {
  expect(diffDeclared([grant('select', 'delete')], [grant('select')])).toEqual({
    dropped: [grant('select', 'delete')],
    created: [grant('select')],
  })
})

it('an index that serves another query keeps standing and only says so', () => {
  const index = (serves: string) => sqlIndex({ name: 'i', table: 'core.t', columns: ['id'], serves })
  const { dropped, created } = diffDeclared([index('one')], [index('two')])
  expect(dropped).toEqual([])
  expect(created.map(({ create, comment }) => [create, comment])).toEqual([
    ['', "comment on index core.i is 'two'"],
  ])
})

it('a view made anew gets back what stood on it, unchanged as that is', () => {
  const view = (sql: string) => sqlView({ name: 'a.m', create: `create materialized view a.m as ${sql}` })
  const index = sqlIndex({ name: 'm_n', table: 'a.m', unique: true, columns: ['n'], serves: 'refresh' })
  expect(diffDeclared([view('select 1'), index], [view('select 2'), index])).toEqual({
    dropped: [view('select 1')],
    created: [view('select 2'), index],
  })
})

const lists = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom<Declared['kind']>('function', 'grant'),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    create: fc.constantFrom('create or replace one', 'create or replace two', 'create three', 'create four'),
    drop: fc.constantFrom('drop one', 'drop two'),
  }),
  { selector: ({ kind, name }) => `${kind} ${name}` },
)

it('from any list to any other: dropping and creating as told ends with exactly the other', () => {
  fc.assert(
    fc.property(lists, lists, (before, after) => {
      const world = new Map<string, string>(before.map((one) => [`${one.kind} ${one.name}`, one.create]))
      const { dropped, created } = diffDeclared(before, after)
      for (const { kind, name } of dropped) {
        expect(world.delete(`${kind} ${name}`)).toBe(true)
      }
      for (const { kind, name, create } of created) {
        const key = `${kind} ${name}`
        expect(world.has(key) && !create.startsWith('create or replace')).toBe(false)
        world.set(key, create)
      }
      expect(world).toEqual(new Map(after.map((one) => [`${one.kind} ${one.name}`, one.create])))
    }),
  )
})
