import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { neon, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { startNeonProxy } from '../../dev/neon-proxy/server.ts'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { stopOrphan } from '../../dev/postgres/orphan.ts'
import { outsideFolder } from '../../dev/postgres/place.ts'
import { isAlive } from '../../dev/system/processes.ts'
import { freshFolder } from '../support/folder.ts'
import { removeRun } from '../support/runs.ts'
import { soon } from '../support/soon.ts'

const folders = { left: freshFolder(), reused: freshFolder(), half: freshFolder(), closed: freshFolder() }
const crashes: string[] = []
const cluster = await startCluster({
  folder: freshFolder(),
  password: 'p',
  onCrash: (message) => crashes.push(message),
})

afterEach(() => cluster.start())
afterAll(async () => {
  await cluster.stop()
})

async function ask(query: string, url = cluster.url()): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

it('is a PostgreSQL 18 in UTF-8 and UTC, on loopback, that keeps what it confirms', async () => {
  expect(
    await ask(`select
      current_setting('server_version_num')::int / 10000 as version,
      current_setting('server_encoding') as encoding,
      (select datlocale from pg_database where datname = 'template1') as locale,
      current_setting('TimeZone') as zone,
      current_setting('listen_addresses') as listens,
      current_setting('unix_socket_directories') as sockets,
      current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as synchronous,
      current_setting('max_connections')::int as connections,
      current_setting('shared_preload_libraries') as libraries`),
  ).toEqual([
    {
      version: 18,
      encoding: 'UTF8',
      locale: 'C.UTF-8',
      zone: 'UTC',
      listens: '127.0.0.1',
      sockets: '',
      fsync: 'on',
      synchronous: 'on',
      connections: 200,
      libraries: 'pg_stat_statements',
    },
  ])
})

it('runs as somebody who is not root, and shows its data to nobody else', () => {
  const { uid, mode } = statSync(cluster.dataDir)
  expect(uid).toBeGreaterThan(0)
  expect(mode & 0o077).toBe(0)
})

it('asks for the password', async () => {
  await expect(ask('select 1', cluster.url().replace(':p@', ':q@'))).rejects.toMatchObject({ code: '28P01' })
})

it('has every acknowledged row after being killed in the middle of writing', async () => {
  await ask('create table written (id int)')
  const writer = new pg.Client({ connectionString: cluster.url() })
  writer.on('error', () => undefined)
  await writer.connect()
  const { port } = cluster
  const acknowledged: number[] = []
  const killed = (async () => {
    for (let id = 1; ; id++) {
      await writer.query('insert into written values ($1)', [id])
      acknowledged.push(id)
    }
  })()
  await vi.waitUntil(() => acknowledged.length >= 20, soon)
  await Promise.all([cluster.kill(), expect(killed).rejects.toThrow(/terminated|ECONNRESET|EPIPE/)])
  expect(cluster.pid()).toBe(null)
  await cluster.start()
  expect(cluster.port).toBe(port)
  const stored = new Set((await ask('select id from written')).map((row) => row['id']))
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
})

it('lets the proxy go on after a restart and after a kill', async () => {
  const proxy = await startNeonProxy({ databaseUrl: cluster.url(), maxSessions: 3 })
  neonConfig.fetchEndpoint = `http://${proxy.address}/sql`
  const sql = neon(cluster.url())
  try {
    const use = () => Promise.all(Array.from({ length: 6 }, () => sql`select 1 as one`))
    await use()
    await cluster.restart()
    await use()
    await cluster.kill()
    const refusal = () =>
      sql`select 1`.then(
        () => null,
        (error: unknown) => error,
      )
    // A pooled session that has not noticed the loss yet fails once by itself.
    await expect.poll(refusal).toMatchObject({ code: undefined, message: expect.stringContaining('500') })
    await cluster.start()
    expect((await use()).flat()).toEqual(Array.from({ length: 6 }, () => ({ one: 1 })))
  } finally {
    await proxy.close()
  }
})

it('takes over the data of a run that was killed, and its server with it; a standby ends with the folder', async () => {
  const left = folders.left
  const run = spawn(process.execPath, [join(import.meta.dirname, 'left-behind.ts'), left], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line]: Buffer[] = await once(run.stdout, 'data')
  const [orphan, standby]: [number, number] = JSON.parse(line?.toString() ?? '')
  expect(Math.min(orphan, standby)).toBeGreaterThan(1)
  run.kill('SIGKILL')
  await once(run, 'exit')
  expect(isAlive(orphan)).toBe(true)
  const successor = await startCluster({ folder: left, password: 'p' })
  expect(isAlive(orphan)).toBe(false)
  expect(await ask('select id from left_behind', successor.url())).toEqual([{ id: 1 }])
  await successor.stop()
  expect(isAlive(standby)).toBe(true)
  await removeRun(left)
  expect(isAlive(standby)).toBe(false)
})

it('touches no stranger that has the pid of a server long gone', async () => {
  const { reused } = folders
  mkdirSync(join(reused, 'postgres'))
  // A container that starts again gives the same pids to other programs: here to ourselves.
  const lock = join(reused, 'postgres', 'postmaster.pid')
  writeFileSync(lock, `${process.pid}\n${join(reused, 'postgres')}\n0\n15999\n`)
  await stopOrphan(join(reused, 'postgres'))
  expect(existsSync(lock)).toBe(false)
})

it('starts afresh where a run was killed while it made the data directory', async () => {
  const folder = folders.half
  mkdirSync(join(folder, 'postgres.half-1', 'data', 'base'), { recursive: true })
  const fresh = await startCluster({ folder, password: 'p' })
  expect(await ask('select 1 as one', fresh.url())).toEqual([{ one: 1 }])
  expect(existsSync(join(folder, 'postgres.half-1'))).toBe(false)
  await fresh.stop()
})

it('is started again when it dies without being asked', async () => {
  const pid = cluster.pid()
  // Signalling pid 0 would end our own process group.
  if (!pid) throw new Error('It does not run.')
  process.kill(pid, 'SIGKILL')
  await vi.waitUntil(() => cluster.pid() !== null && cluster.pid() !== pid, { timeout: 60_000 })
  expect(crashes).toEqual(['PostgreSQL ended unexpectedly; starting it again.'])
  expect(await ask('select 1 as one')).toEqual([{ one: 1 }])
})

it('keeps its data where it may be reached when only root may enter the folder', async () => {
  const { closed } = folders
  chmodSync(closed, 0o700)
  const inner = join(closed, 'clone')
  const place = await startCluster({ folder: inner, password: 'p' })
  expect(await ask('select 1 as one', place.url())).toEqual([{ one: 1 }])
  // As an ordinary user Postgres runs as ourselves, and we may enter.
  const expected = process.getuid?.() === 0 ? outsideFolder(inner) : inner
  expect(place.dataDir).toBe(join(expected, 'postgres'))
  await place.stop()
  await removeRun(inner)
})
