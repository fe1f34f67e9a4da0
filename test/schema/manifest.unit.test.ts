import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSchemaFiles, rowsOf } from '../../dev/migrations/schema-files.ts'
import { filesOf } from '../../schema/kit/files.ts'

const schema = join(import.meta.dirname, '../../schema')
const root = mkdtempSync(join(tmpdir(), 'lockstep-manifest-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A script for a cluster, and a query that the kit puts into the functions of a view. */
const createNothing = ['ledger/citus.sql', 'ledger/fold_user_balances_view.sql']

/** Postgres logs the detail and the hint of an error, so neither may carry a row. */
const loggedDetails = (text: string) => text.match(/raise exception[^;]*\b(?:detail|hint)\s*=[^;]*/g) ?? []

it('no function of the schema raises an error whose detail Postgres would log', () => {
  expect(loggedDetails(readFileSync(join(schema, 'schema.sql'), 'utf8'))).toEqual([])
  const logged = "raise exception using errcode = 'LS001',\n  detail = kept.outcome;"
  expect(loggedDetails(logged)).toEqual([logged.slice(0, -1)])
})

describe('a row’s manifest', () => {
  it.each(rowsOf())('%s: declares what each file of the folder creates', async (row) => {
    const { declared } = await readSchemaFiles()
    const names = declared.map(({ name }) => name.replace(/\(.*$/, ''))
    const files = readdirSync(join(schema, row)).filter((file) => file.endsWith('.sql'))
    const undeclared = files.filter((file) => !names.includes(`${row}.${file.replace(/\.sql$/, '')}`))
    expect(undeclared.map((file) => `${row}/${file}`)).toEqual(
      createNothing.filter((file) => file.startsWith(`${row}/`)),
    )
  })

  it('does not send the comment above a statement to Postgres, and keeps a comment inside it', () => {
    const { functionFile } = planted(
      '-- On top.\n-- Race: two.\ncreate or replace function plain.one() as $$\n-- Inside.\n$$;\n',
    )
    expect(functionFile('plain.one()').create).toBe(
      'create or replace function plain.one() as $$\n-- Inside.\n$$',
    )
  })

  it('refuses a file that creates something else, and a name of another row', () => {
    const { functionFile, viewFile } = planted('create or replace function plain.two() returns int return 1')
    expect(() => functionFile('plain.one()')).toThrow('one.sql does not create the function plain.one')
    expect(() => viewFile('plain.one')).toThrow('one.sql does not create the view plain.one')
    expect(() => functionFile('core.one()')).toThrow('schema/plain declares only its own')
  })
})

function planted(sql: string) {
  const folder = join(root, 'plain')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'one.sql'), sql)
  return filesOf(folder)
}
