import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { handOver, type Place } from './place.ts'

const run = promisify(execFile)

type Initialise = {
  place: Place
  dataDir: string
  password: string
  /** The data directory of a stopped server, to be copied instead. Its password stays. */
  from: string | undefined
  signal: AbortSignal | undefined
}

/**
 * Creates the data directory if there is none. It is created under another name and renamed when complete, so that a
 * killed run leaves nothing that looks like a database.
 */
export async function initialise({ place, dataDir, password, from, signal }: Initialise): Promise<void> {
  removeHalfMade(dataDir)
  if (existsSync(join(dataDir, 'PG_VERSION'))) return assertVersion(dataDir)
  const half = mkHalf(dataDir)
  handOver(half, place.user)
  const data = join(half, 'data')
  const options = { ...place.user, cwd: '/', ...(signal && { signal }) }
  if (from === undefined) await initdb({ place, half, data, password }, options)
  else await run('cp', ['-Rp', from, data], options)
  renameSync(data, dataDir)
  rmSync(half, { recursive: true })
}

type Empty = { place: Place; half: string; data: string; password: string }

async function initdb({ place, half, data, password }: Empty, options: object): Promise<void> {
  const passwordFile = join(half, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  handOver(passwordFile, place.user)
  await run(
    join(place.binDir, 'initdb'),
    [
      `--pgdata=${data}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    options,
  )
}

function mkHalf(dataDir: string): string {
  const half = `${dataDir}.half-${process.pid}`
  mkdirSync(half, { recursive: true, mode: 0o700 })
  return half
}

function removeHalfMade(dataDir: string): void {
  const folder = dirname(dataDir)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${basename(dataDir)}.half-`))
      rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function assertVersion(dataDir: string): void {
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim()
  if (version === '18') return
  throw new Error(`${dataDir} was made by PostgreSQL ${version}. "npm run reset" starts afresh.`)
}
