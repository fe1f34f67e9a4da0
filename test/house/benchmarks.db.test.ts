import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { programs } from '../../bench/programs.ts'
import type { Rig } from '../../bench/rig.ts'
import { readTree, textFiles } from '../../dev/check/tree.ts'
import { benchStatements, faultOf } from '../support/bench-statements.ts'
import { freshDatabase } from '../support/database.ts'

const root = join(import.meta.dirname, '../..')
const tree = readTree(root)
const { admin } = await freshDatabase()
beforeAll(() => admin.query('create extension if not exists pg_stat_statements'))

/** The names of a row's measurements, read without loading the servers that some compare with. */
const measurementsOf = (row: string) =>
  [
    ...(tree.read(`bench/${row}/program.ts`).split('Program = ')[1] ?? '').matchAll(
      /'?([\w-]+)'?(?:: \w+)?[,\s]+(?=['\w}])/g,
    ),
  ].map(([, name = '']) => name)

describe('the benchmarks', () => {
  it('have one program for each folder, with its measurements', () => {
    const folders = readdirSync(join(root, 'bench'), { withFileTypes: true }).filter((one) =>
      one.isDirectory(),
    )
    expect(Object.keys(programs).toSorted()).toEqual(folders.map(({ name }) => name).toSorted())
    for (const row of Object.keys(programs)) expect(measurementsOf(row), row).not.toEqual([])
  })

  it('exist under the names that the documents tell', () => {
    const named = textFiles(tree, '.md')
      .flatMap((path) => [...tree.read(path).matchAll(/npm run bench (\w+) ([\w-]+)/g)])
      .map(([, row = '', name = '']) => ({ row, name }))
    expect(named.length).toBeGreaterThan(1)
    for (const { row, name } of named) expect(measurementsOf(row)).toContain(name)
  })

  it('send only statements that Postgres can plan, over names that exist', async () => {
    const statements = benchStatements(tree)
    expect(statements.length).toBeGreaterThan(100)
    const faults: string[] = []
    for (const { where, text } of statements) {
      const fault = await faultOf(admin, text)
      if (fault !== null) faults.push(`${where} ${fault}`)
    }
    expect(faults).toEqual([])
  })

  it.each([
    ['a column that is gone', 'select colour from dispatch.orders', 'column "colour" does not exist'],
    ['a table that is gone', 'select from dispatch.order', 'dispatch.order does not exist'],
    ['a table in a truncation', 'truncate core.gone', 'core.gone does not exist'],
    ['a function beside a hole', 'with \u0001 select ledger.gone()', 'ledger.gone does not exist'],
    ['a misspelt word', 'select form dispatch.orders where id = $1 returning', 'syntax error at or near "."'],
  ])('would be found with %s', async (_, statement, fault) => {
    expect(await faultOf(admin, statement)).toBe(fault)
  })

  it('run on a database of the tests, and find the data as they left it', async () => {
    const measure = (await programs['ledger']?.())?.['append-1']
    await expect(measure?.(rig, { rounds: 1, seconds: 0.02 })).resolves.toBeUndefined()
    expect(measure).toBeDefined()
  })
})

/** Databases of the tests in place of a Postgres of its own; what a measurement checks is the same. */
const rig: Rig = {
  async database() {
    const { ownerUrl, workerUrl, admin: owner, connect } = await freshDatabase()
    await owner.query('create extension if not exists pg_stat_statements')
    return {
      ownerUrl,
      workerUrl,
      owner,
      connect: (count) => Promise.all(Array.from({ length: count }, () => connect(workerUrl))),
    }
  },
  standby: () => Promise.reject(new Error('These measurements use no standby')),
  proxy: () => Promise.reject(new Error('These measurements use no proxy')),
  worker: () => Promise.reject(new Error('These measurements use no Worker')),
  end: async () => undefined,
}
