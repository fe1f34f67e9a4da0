import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative, sep } from 'node:path'
import pg from 'pg'
import { onFreePort } from '../system/on-free-port.ts'
import type { Cluster } from './cluster.ts'
import { keepServer, type Server } from './keep-server.ts'
import { stopOrphan } from './orphan.ts'
import type { OsUser } from './os-user.ts'

export type Standby = Server & {
  readonly port: number
  /** The connection string of the owner; the roles and databases are those of the primary. */
  url(database?: string): string
  /** It goes on receiving and stops replaying, so its age grows. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** It receives nothing more, and replays what it has: its age grows, although it is never behind what it received. */
  cutOff(): Promise<void>
  reconnect(): Promise<void>
}

type Options = { primary: Cluster; password: string; number: number; onCrash?: (message: string) => void }

/**
 * Starts a streaming standby of a running cluster. It copies the data folder inside a backup, which is what pg_basebackup
 * does, because the npm package of PostgreSQL has no pg_basebackup. Each start copies anew.
 */
export async function startStandby(options: Options): Promise<Standby> {
  const { primary, password, number, onCrash = () => undefined } = options
  const { place } = primary
  const dataDir = join(place.folder, `standby-${number}`)
  await stopOrphan(dataDir)
  rmSync(dataDir, { recursive: true, force: true })
  await copyInsideBackup(primary, dataDir)
  const login = `host=127.0.0.1 port=${primary.port} user=postgres password=${password}`
  writeFileSync(join(dataDir, 'standby.signal'), '')
  appendFileSync(join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${login}'\n`)
  own(dataDir, place.user)
  const settings = { ...primary.settings, hot_standby: 'on' }
  const logFile = join(place.folder, `standby-${number}.log`)
  const server = await onFreePort(undefined, (port) =>
    keepServer({ place, dataDir, settings: { ...settings, port: String(port) }, logFile }, onCrash),
  )
  const url = (database = 'postgres') =>
    `postgresql://postgres:${password}@127.0.0.1:${server.port}/${database}`
  const follow = async (conninfo: string) => {
    await run(url(), `alter system set primary_conninfo = '${conninfo}'`)
    await run(url(), 'select pg_reload_conf()')
  }
  return {
    ...server,
    url,
    cutOff: () => follow(''),
    reconnect: () => follow(login),
    pause: () => run(url(), 'select pg_wal_replay_pause()'),
    resume: () => run(url(), 'select pg_wal_replay_resume()'),
  }
}

/** The data folders of the standbys that were made in a folder. */
export function standbysIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^standby-\d+$/.test(name))
    .map((name) => join(folder, name))
}

// Start and stop of a backup belong to one session. Its label says from where the standby must replay, which makes good
// that files change while they are copied.
async function copyInsideBackup(primary: Cluster, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url() })
  await client.connect()
  try {
    await client.query(`select pg_backup_start('standby', fast => true)`)
    copyFolder(primary.dataDir, dataDir)
    const { rows } = await client.query('select labelfile from pg_backup_stop(wait_for_archive => false)')
    writeFileSync(join(dataDir, 'backup_label'), rows[0].labelfile)
  } finally {
    await client.end()
  }
}

const left = /^(postmaster\.(pid|opts)|pg_wal\/.+|pg_replslot\/.+|(.*\/)?pgsql_tmp.*|.*\.tmp)$/

function copyFolder(from: string, to: string, root = from): void {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    if (left.test(relative(root, source).split(sep).join('/'))) continue
    if (entry.isDirectory()) copyFolder(source, join(to, entry.name), root)
    else copyIfThere(source, join(to, entry.name))
  }
}

/** A table that was dropped meanwhile leaves no file, and the log that is replayed says so. */
function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

function own(folder: string, { uid, gid }: OsUser): void {
  chmodSync(folder, 0o700)
  if (uid === undefined || gid === undefined) return
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder])
}

async function run(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
