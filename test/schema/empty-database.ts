import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { urlAs, urlOfDatabase } from '../../dev/postgres/urls.ts'
import { atTheEnd } from '../support/at-the-end.ts'

export type EmptyDatabase = {
  url: string
  client: pg.Client
  /** One more connection, closed at the end. */
  connect: () => Promise<pg.Client>
  connectAs: (user: string, password: string) => Promise<pg.Client>
  /** The first column of every row. */
  column: (query: string, values?: unknown[]) => Promise<unknown[]>
}

let made = 0

/** A database on which no migration has run, gone when the file ends. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const maintenance = await open(urlOfDatabase(inject('templateUrl'), 'postgres'))
  const name = `empty_${process.pid}_${++made}`
  await maintenance.query(`create database ${name} template template0`)
  const url = urlOfDatabase(inject('templateUrl'), name)
  const client = await open(url)
  const clients = [client]
  atTheEnd(async () => {
    await Promise.allSettled(clients.map((each) => each.end()))
    await maintenance.query(`drop database ${name} with (force)`)
    await maintenance.end()
  })
  return {
    url,
    client,
    async connect() {
      const another = await open(url)
      clients.push(another)
      return another
    },
    async connectAs(user, password) {
      const another = await open(urlAs(url, { user, password }))
      clients.push(another)
      return another
    },
    async column(query, values = []) {
      const { rows } = await client.query({ text: query, values, rowMode: 'array' })
      return rows.map(([first]) => first)
    },
  }
}

/** A folder that holds these files; written again, it holds the new ones as well. */
export function migrationFiles(files: Record<string, string>, folder = newFolder()): string {
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql)
  return folder
}

function newFolder(): string {
  return mkdtempSync(join(inject('runFolder'), 'migrations-'))
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
