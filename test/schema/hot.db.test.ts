import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { hotModuleFile } from '../../dev/migrations/generate.ts'
import { hotModule, planHot, readHotStatements } from '../../dev/migrations/hot.ts'
import { type Compiled, compileHot, hot } from '../../functions/core/hot.ts'
import { freshDatabase } from '../support/database.ts'

const { connect, workerUrl } = await freshDatabase()
const client = await connect()
const statements = await readHotStatements()
const regenerate = 'run "npm run db:generate" and commit what it writes'

const compiled = (text: string): Compiled => {
  const made = compileHot(hot('public.sample', sql.raw(text)))
  if (made === null) throw new Error('not marked')
  return made
}

async function apply(wanted: Compiled[]): Promise<string[]> {
  const plan = await planHot(client, wanted)
  for (const one of plan) await client.query(one)
  return plan.map((one) => one.split(' ', 2).join(' '))
}

describe('the functions of hot statements', () => {
  it('are those that the migrations make and the Worker calls', async () => {
    expect(await planHot(client, statements), regenerate).toEqual([])
    expect(readFileSync(hotModuleFile, 'utf8'), regenerate).toBe(
      hotModule(statements.map(({ name }) => name)),
    )
  })

  it('have different names', () => {
    expect(new Set(statements.map(({ name }) => name)).size).toBe(statements.length)
  })

  it('are executed by the Worker’s role with its own rights', async () => {
    const worker = await connect(workerUrl)
    const { rows } = await worker.query(`
      select p.prosecdef, has_function_privilege(p.oid, 'execute') as may
      from pg_proc p where p.proname like 'hot\\_%' and obj_description(p.oid, 'pg_proc') is null`)
    expect(rows).toHaveLength(statements.length)
    expect(rows.every(({ prosecdef, may }) => may && !prosecdef)).toBe(true)
  })
})

describe('a changed text', () => {
  // Functions of the last release would be dropped together with the change.
  beforeAll(async () => {
    const { rows } = await client.query(
      `select p.oid::regprocedure as signature from pg_proc p
      where p.proname like 'hot\\_%' and obj_description(p.oid, 'pg_proc') is not null`,
    )
    for (const { signature } of rows) await client.query(`drop function ${signature}`)
  })

  it('makes a new function, keeps the old one for a release, and drops it with the next change', async () => {
    const [first, second, third] = [
      compiled('select 1 as n'),
      compiled('select 2 as n'),
      compiled('select 3 as n'),
    ]
    expect(await apply([...statements, first])).toEqual(['create function'])
    expect(await apply([...statements, second])).toEqual(['comment on', 'create function'])
    expect((await client.query(`select * from ${first.name}(null, null, null, null, null)`)).rows).toEqual([
      { n: 1 },
    ])
    expect(await apply([...statements, second])).toEqual([])
    expect(await apply([...statements, third])).toEqual(['drop function', 'comment on', 'create function'])
    await expect(
      client.query(`select * from ${first.name}(null, null, null, null, null)`),
    ).rejects.toMatchObject({
      code: '42883',
    })
  })

  it('back to an earlier one takes the old function up again', async () => {
    const [first, second] = [compiled('select 4 as n'), compiled('select 5 as n')]
    await apply([...statements, first])
    await apply([...statements, second])
    expect(await apply([...statements, first])).toContain('comment on')
    expect(await apply([...statements, first])).toEqual([])
    await apply(statements)
    await apply([...statements, second])
    expect((await client.query(`select * from ${second.name}(null, null, null, null, null)`)).rows).toEqual([
      { n: 5 },
    ])
  })
})
