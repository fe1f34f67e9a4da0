import { isMain } from '../system/main-module.ts'
import { readRunning } from '../system/state.ts'
import { apply } from './apply.ts'
import { connect } from './connection.ts'
import { migrationsFolder, readMigrations } from './files.ts'
import { ensureHistory, pendingOf, readHistory } from './history.ts'
import { lockOutOthers } from './lock.ts'
import { assertDirect, withoutSecrets } from './target.ts'

export type MigrateOptions = { folder?: string; report?: (line: string) => void }

/**
 * Brings a database up to these files. Any number of runners may start at once: each file is applied once. A file
 * that fails is named with its line and leaves nothing behind; those before it stay.
 */
export async function migrate(
  directUrl: string,
  { folder = migrationsFolder, report = () => {} }: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  assertDirect(directUrl)
  const migrations = readMigrations(folder)
  const lock = await lockOutOthers(directUrl)
  try {
    const client = await connect(directUrl)
    try {
      // A step that the server does not allow is no failure, but the caller must be able to read it.
      client.on('notice', ({ severity, message }) => {
        if (severity === 'WARNING') report(`warning: ${message}`)
      })
      await ensureHistory(client)
      const applied: string[] = []
      for (const migration of pendingOf(migrations, await readHistory(client))) {
        report(`applying ${migration.file}`)
        // Without the lock another runner may begin: stop, and let the end of this connection roll back the file.
        await Promise.race([apply(client, migration), lock.lost])
        applied.push(migration.file)
      }
      return { applied }
    } finally {
      await client.end()
    }
  } finally {
    await lock.release()
  }
}

function chooseTarget(): string {
  const url = process.env['DATABASE_URL_DIRECT'] || process.env['DATABASE_URL'] || readRunning()?.databaseUrl
  if (url) return url
  throw new Error(
    'Which database? Set DATABASE_URL_DIRECT to its direct connection string, as its owner, ' +
      'or run "npm start" first: then it is the local one.',
  )
}

if (isMain(import.meta)) {
  try {
    const url = chooseTarget()
    const { applied } = await migrate(url, { report: (line) => console.log(line) })
    console.log(`${withoutSecrets(url)} ${applied.length === 0 ? 'was up to date' : 'is up to date'}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
