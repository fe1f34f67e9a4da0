import { sql } from 'drizzle-orm'
import { check, index, integer, pgSchema, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { compose, readReserved } from '../../dev/migrations/compose.ts'
import { dump } from '../../dev/migrations/dump.ts'
import { migrate } from '../../dev/migrations/migrate.ts'
import { type Kept, nothingYet, plan } from '../../dev/migrations/plan.ts'
import type { Shape } from '../../dev/migrations/schema-files.ts'
import { createdAt, id } from '../../schema/kit/columns.ts'
import {
  type Declared,
  extension,
  grants,
  policy,
  role,
  rowSecurity,
  sqlFunction,
  sqlIndex,
  sqlView,
  storage,
  trigger,
} from '../../schema/kit/declare.ts'
import { type EmptyDatabase, emptyDatabase, migrationFiles } from './empty-database.ts'

const app = role({ name: 'lockstep_app' })
const a = pgSchema('a')

const doubled = (factor: number) =>
  sqlFunction({
    name: 'a.doubled(int)',
    beforeTables: true,
    executeBy: 'lockstep_app',
    create: `create or replace function a.doubled(n int) returns int language sql immutable return n * ${factor}`,
  })
const touch = sqlFunction({
  name: 'a.touch()',
  create: `create or replace function a.touch() returns trigger language plpgsql as $$ begin return new; end $$;`,
})
const touched = (fires: string) =>
  trigger({ name: 'touched', table: 'a.t', fires, forEach: 'row', when: 'new.n > 1', execute: 'a.touch()' })
const counted = trigger({
  name: 'counted',
  table: 'a.t',
  fires: 'after insert',
  referencing: 'new table as added',
  forEach: 'statement',
  execute: 'a.touch()',
})
const byName = (where: string, serves: string) =>
  sqlIndex({ name: 't_name', table: 'a.t', columns: ['name'], include: ['n'], where, serves })

const onCounts = [
  sqlIndex({ name: 'm_n', table: 'a.m', unique: true, columns: ['n'], serves: 'refresh' }),
  grants({ on: 'table a.m', to: 'lockstep_app', privileges: ['select'] }),
]

const before: Shape = {
  tables: {
    a,
    t: a.table(
      't',
      { id: id(), name: text('name').notNull(), n: integer('n'), order: text('order') },
      (t) => [check('t_n_positive', sql`n > 0`), index('t_order').on(t.order)],
    ),
    gone: a.table('gone', { id: id(), createdAt: createdAt() }),
  },
  declared: [
    app,
    doubled(2),
    touch,
    touched('before update'),
    counted,
    byName('n > 1', 'a search'),
    grants({ on: 'schema a', to: 'lockstep_app', privileges: ['usage'] }),
    grants({ on: 'table a.t', to: 'lockstep_app', privileges: ['select', 'delete'] }),
    grants({ on: 'table a.gone', to: 'lockstep_app', privileges: ['select'] }),
    rowSecurity({ table: 'a.t' }),
    policy({ name: 'own', table: 'a.t', to: 'lockstep_app', using: 'n = 1' }),
    sqlView({ name: 'a.v', create: 'create or replace view a.v as select id from a.t' }),
    sqlView({ name: 'a.m', create: 'create materialized view a.m as select count(*) as n from a.t' }),
    ...onCounts,
    storage({ table: 'a.t', with: { fillfactor: 70 } }),
  ],
}

// In a step of its own: where one table goes and another comes, only a person can say whether it was renamed.
const between: Shape = {
  tables: { a, t: before.tables['t'] },
  declared: before.declared.filter(({ name }) => name !== 'on table a.gone to lockstep_app'),
}

const after: Shape = {
  tables: {
    a,
    t: a.table(
      't',
      {
        id: id(),
        name: text('name').notNull().default('none'),
        n: integer('n').notNull(),
        twice: integer('twice').generatedAlwaysAs(sql`a.doubled(n)`),
        order: text('order'),
      },
      (t) => [check('t_n_positive', sql`n > 10`), uniqueIndex('t_order_once').on(t.order)],
    ),
    log: a.table('log', { id: integer('id').notNull(), createdAt: createdAt() }),
  },
  declared: [
    app,
    extension('cube'),
    doubled(3),
    touch,
    touched('before insert or update of n'),
    byName('n > 2', 'another search'),
    cutByCreatedAt('a.log'),
    sqlIndex({
      name: 'log_at',
      table: 'a.log',
      columns: ['created_at'],
      serves: 'days',
      concurrently: false,
    }),
    sqlIndex({
      name: 't_n',
      table: 'a.t',
      using: 'brin',
      columns: ['n'],
      with: { pages_per_range: 4 },
      serves: 'ranges',
    }),
    grants({ on: 'schema a', to: 'lockstep_app', privileges: ['usage'] }),
    grants({ on: 'table a.t', to: 'lockstep_app', privileges: ['select', 'insert'] }),
    rowSecurity({ table: 'a.t', force: false }),
    policy({
      name: 'own',
      table: 'a.t',
      to: 'lockstep_app',
      command: 'insert',
      restrictive: true,
      withCheck: 'n = 2',
    }),
    sqlView({ name: 'a.v', create: 'create or replace view a.v as select id, n from a.t' }),
    sqlView({ name: 'a.m', create: 'create materialized view a.m as select sum(n) as n from a.t' }),
    ...onCounts,
    storage({ table: 'a.t', with: { fillfactor: 60 } }),
  ],
}

describe('generated migrations', () => {
  it('lead from one shape to another as if the database had always had it', async () => {
    const evolved = await databaseOf(before, between, after)
    const direct = await databaseOf(after)
    // A column that came later stands last: Postgres keeps the order of history, and nothing may depend on it.
    expect(sortedLines(await dump(evolved.client))).toEqual(sortedLines(await dump(direct.client)))
  })

  it('lead back to nothing', async () => {
    const { client } = await databaseOf(after, { tables: {}, declared: [app] })
    expect(await dump(client)).not.toMatch(/\b(a\.|schema a\b|cube)/)
  })

  it('end with no difference left', async () => {
    const first = await plan(nothingYet, after)
    expect(await plan(rereadFromFile(first?.now ?? nothingYet), after)).toBeNull()
  })

  it('build no index inside a transaction unless told to', async () => {
    const planned = await plan(nothingYet, before)
    expect(planned?.transactional.join()).not.toMatch(/\bindex\b/i)
    expect(planned?.concurrent.filter((sql) => /^create/i.test(sql))).toHaveLength(3)
  })

  it('say only what Postgres needs to be told, in lower case', async () => {
    const { client } = await emptyDatabase()
    const planned = await plan(nothingYet, { tables: { a, t: before.tables['t'] }, declared: [] })
    const files = compose(planned ?? raise(), {
      name: 'first',
      next: 1,
      reserved: await readReserved(client),
    })
    expect(Object.fromEntries(files)).toEqual({
      '0001_first.sql': `create schema if not exists a;

create table a.t (
  id bigint primary key generated always as identity,
  name text not null,
  n integer,
  "order" text,
  constraint t_n_positive check (n > 0)
);
`,
      '0002_first_indexes.sql': `-- no-transaction

create index concurrently if not exists t_order on a.t using btree ("order");
`,
    })
  })

  it('refuse to cut a table that exists', async () => {
    const whole: Shape = { tables: { a, gone: before.tables['gone'] }, declared: [] }
    const cut: Shape = { ...whole, declared: [cutByCreatedAt('a.gone')] }
    const first = await plan(nothingYet, whole)
    await expect(plan(first?.now ?? nothingYet, cut)).rejects.toThrow(
      'a.gone: Postgres cannot partition a table that exists',
    )
  })

  it('refuse to guess whether a column was renamed or replaced', async () => {
    const one: Shape = { tables: { a, t: a.table('t', { x: text('x') }) }, declared: [] }
    const other: Shape = { tables: { a, t: a.table('t', { y: text('y') }) }, declared: [] }
    const first = await plan(nothingYet, one)
    await expect(plan(first?.now ?? nothingYet, other)).rejects.toThrow(
      'A rename and a replacement look the same',
    )
  })
})

/** A database that went through these shapes, each reached by the migrations generated for it. */
async function databaseOf(...shapes: Shape[]): Promise<EmptyDatabase> {
  const database = await emptyDatabase()
  const reserved = await readReserved(database.client)
  const folder = migrationFiles({})
  let kept = nothingYet
  let next = 1
  for (const shape of shapes) {
    const planned = (await plan(kept, shape)) ?? raise()
    const files = compose(planned, { name: 'step', next, reserved })
    migrationFiles(Object.fromEntries(files), folder)
    await migrate(database.url, { folder })
    kept = rereadFromFile(planned.now)
    next += files.size
  }
  return database
}

// A kept state comes back as JSON, which drops undefined values.
function rereadFromFile(kept: Kept): Kept {
  return JSON.parse(JSON.stringify(kept))
}

function sortedLines(text: string): string[] {
  return text.replaceAll(',\n', '\n').split('\n').sort()
}

function raise(): never {
  throw new Error('there is a difference to plan for')
}

function cutByCreatedAt(table: string): Declared {
  return { kind: 'partitioning', name: table, create: 'partition by range (created_at)', drop: '' }
}
