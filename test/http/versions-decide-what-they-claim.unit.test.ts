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
  '/v1/fleet/targets/{id}': 'fleet.targets',
  '/v1/ledger/bets/{id}': 'ledger.bets_view',
  '/v1/ledger/payments/{id}': 'ledger.payments_view',
}

const sources = globSync(['functions/**/*.ts', 'schema/!(migrations)/*.sql']).map(
  (file): [string, string] => [file, readFileSync(file, 'utf8')],
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

/** The places that change rows of the table, with the columns that they set. */
function changesOf(table: string): { file: string; columns: string[]; raises: boolean }[] {
  const pattern = new RegExp(
    `update ${table.replace('.', '\\.')}(?: as)?(?: \\w+)?\\s+set ([\\s\\S]*?)\\n\\s*(?:from|where|returning)\\b`,
    'g',
  )
  return sources.flatMap(([file, text]) =>
    [...text.matchAll(pattern)].map(([, set = '']) => ({
      file,
      columns: [...set.matchAll(/(?:^|,|\})\s*(\w+) =(?!=)/g)].map(([, column = '']) => column),
      raises: /version = (?:\w+\.)?\w*version \+ 1\b/.test(set),
    })),
  )
}

const isSeen = (table: string) => (column: string) => !(unseen[table] ?? []).includes(column)
const unraised = (table: string) =>
  changesOf(table).filter(({ columns, raises }) => !raises && columns.some(isSeen(table)))

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

  it.each(['dispatch.couriers', 'fleet.nodes', 'webhooks.webhooks'])(
    'could not be one of %s, of which some statements leave the version as it is',
    (table) => {
      expect(unraised(table)).not.toEqual([])
    },
  )
})
