import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { endpoints } from '../support/system.ts'

/** For each read that answers 304 to its version: the table whose rows have that version. */
const tables: Record<string, string> = {
  '/v1/clicks/campaigns/{id}': 'clicks.campaigns',
  '/v1/dispatch/orders/{id}': 'dispatch.orders',
  '/v1/dispatch/stores/{id}': 'dispatch.stores',
  '/v1/fleet/greenhouses/{id}': 'fleet.greenhouses',
  '/v1/fleet/nodes/{uid}/config': 'fleet.node_configs',
  '/v1/fleet/targets/{id}': 'fleet.zone_targets',
  '/v1/ledger/bets/{id}': 'ledger.bets_view',
  '/v1/ledger/payments/{id}': 'ledger.payments_view',
}

type Source = [file: string, text: string]

const read = (pattern: string[]): Source[] =>
  globSync(pattern).map((file) => [file, readFileSync(file, 'utf8')])
/** The dump has the functions of the views, whose text the schema files make. */
const sources = read(['functions/**/*.ts', 'schema/!(migrations)/*.sql', 'schema/schema.sql'])

/** The name of each table by that of its constant, as in `zoneTargets`. */
const tableNames = new Map(
  read(['schema/*/tables.ts', 'schema/*/tables/*.ts']).flatMap(([file, text]) =>
    [...text.matchAll(/export const (\w+) = \w+\.table\(\s*'(\w+)'/g)].map(
      ([, constant = '', name]): [string, string] => [
        `${file.split('/')[1]} ${constant}`,
        `${file.split('/')[1]}.${name}`,
      ],
    ),
  ),
)

/** Columns that no answer of the route shows. */
const unseen: Record<string, string[]> = {
  'fleet.node_configs': [
    'outcome',
    'reason',
    'reported_at',
    'reported_version',
    'rejections',
    'override_until',
    'published_version',
    'published_at',
    'claimed_until',
    'drifted_at',
  ],
}

type Change = { file: string; columns: string[]; raises: boolean }

/** A rebuild of a view takes the version from the same events as the row. It repairs rows that no append can make. */
const raise = /version = (?:(?:\w+\.)?\w*version \+ 1|(?:excluded|\(c\.folded\))\.\w*version)\b/
const raisesOf = (set: string) => raise.test(set)

/** The places that change rows of the table, with the columns that they set. */
function changesOf(table: string, from: Source[]): Change[] {
  const name = table.replace('.', '\\.')
  const end = '\\n\\s*(?:from|where|returning|\\))'
  const update = new RegExp(`update ${name}(?: as)?(?: \\w+)?\\s+set ([\\s\\S]*?)${end}\\b`, 'g')
  const upsert = new RegExp(
    `insert into ${name}\\b(?:(?!insert into)[^;])*?do update\\s+set ((?:(?!insert into)[^;])*?)${end}`,
    'g',
  )
  const written = from.flatMap(([file, text]) =>
    [...text.matchAll(update), ...text.matchAll(upsert)].map(([, set = '']) => ({
      file,
      columns: [...set.matchAll(/(?:^|,|\})\s*(\w+) =(?!=)/g)].map(([, column = '']) => column),
      raises: raisesOf(set),
    })),
  )
  return [...written, ...versionedChangesOf(table, from)]
}

/** The calls of `changeVersion`, whose own statement raises the version. */
function versionedChangesOf(table: string, from: Source[]): Change[] {
  const primitive = from.find(([file]) => file === 'functions/core/versioned.ts')?.[1] ?? ''
  const raises = raisesOf(primitive.slice(primitive.indexOf('update ${table}')))
  return from.flatMap(([file, text]) =>
    [...text.matchAll(/\bchangeVersion(?:<[^(]*>)?\(ctx, \{[\s\S]*?\btable: (\w+),/g)]
      .filter(([, constant]) => tableNames.get(`${file.split('/')[1]} ${constant}`) === table)
      .map(() => ({ file, columns: ['each of its columns'], raises })),
  )
}

const isSeen = (table: string) => (column: string) => !(unseen[table] ?? []).includes(column)
const unraised = (table: string, from = sources) =>
  changesOf(table, from).filter(({ columns, raises }) => !raises && columns.some(isSeen(table)))

const fixed = endpoints.filter(({ fixedByVersion }) => fixedByVersion).map(({ path }) => path)

describe('a read that answers 304 to its version', () => {
  it('has a table here, which has its version', () => {
    expect(fixed.toSorted()).toEqual(Object.keys(tables).toSorted())
  })

  it.each(Object.entries(tables))(
    '%s: each statement that changes a shown column of %s raises the version',
    (_path, table) => {
      expect(unraised(table)).toEqual([])
    },
  )

  it.each(Object.values(tables))(
    'a statement that would leave the version of %s as it is, is found',
    (table) => {
      const careless = sources.map(
        ([file, text]): Source => [file, text.replaceAll(new RegExp(raise, 'g'), 'touched = true')],
      )
      expect(unraised(table, careless)).not.toEqual([])
    },
  )

  it.each(['dispatch.couriers', 'fleet.nodes', 'webhooks.webhooks'])(
    'could not be one of %s, of which some statements leave the version as it is',
    (table) => {
      expect(unraised(table)).not.toEqual([])
    },
  )
})
