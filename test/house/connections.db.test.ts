import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { leftBy } from '../support/connections.ts'
import { freshDatabase } from '../support/database.ts'
import { watchTransactions } from '../support/long-transactions.ts'
import { soon } from '../support/soon.ts'

const { ownerUrl } = await freshDatabase()

async function forgotten(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: name })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

describe('the guard over connections', () => {
  it('names a connection that a file forgot, with its open transaction, and ends it', async () => {
    const client = await forgotten('planted.db.test.ts')
    await client.query('begin; select pg_current_xact_id()')
    const [left, ...others] = await leftBy('planted.db.test.ts', [10])
    expect(others).toEqual([])
    expect(left).toMatch(/in test_\w+, idle in transaction for \d+ s: begin; select pg_current_xact_id/)
    expect(await leftBy('planted.db.test.ts')).toEqual([])
  })

  it('waits for a connection that is just closing', async () => {
    const client = await forgotten('closing.db.test.ts')
    const [left] = await Promise.all([leftBy('closing.db.test.ts'), client.end()])
    expect(left).toEqual([])
  })

  it('knows every connection of a test file by the file’s name', async () => {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    const { rows } = await client.query(`select current_setting('application_name') as name`)
    await client.end()
    expect(rows).toEqual([{ name: 'house/connections.db.test.ts' }])
  })
})

describe('the watch over transactions', () => {
  it('reports a transaction that is older than the bound, with who opened it', async () => {
    const lines: string[] = []
    const watch = await watchTransactions(ownerUrl, {
      everyMs: 10,
      bound: 0.05,
      print: (line) => lines.push(line),
    })
    const client = await forgotten('slow.db.test.ts')
    await client.query('begin; select pg_current_xact_id()')
    await vi.waitUntil(() => lines.some((line) => line.includes('slow.db.test.ts')), soon)
    await client.end()
    const longest = await watch.stop()
    expect(longest?.seconds).toBeGreaterThan(0.05)
  })
})
