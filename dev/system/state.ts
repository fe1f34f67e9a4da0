import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine, isAlive } from './processes.ts'
import { localFolder } from './project.ts'

/** The system that runs in this folder, as other commands and the next start read it. */
export type State = {
  pid: number
  /** The URL of the Worker. */
  url: string
  /** Connects to Postgres directly, as the owner. Null while the system starts. */
  databaseUrl: string | null
}

const file = join(localFolder, 'state.json')

/** The system that runs in this folder now, or null. */
export function readRunning(): State | null {
  const state = read(file)
  return state && isRunning(state) ? state : null
}

/** The state that a killed run left behind, or null. */
export function readStale(): State | null {
  const state = read(file)
  return state && !isRunning(state) ? state : null
}

/** Claims the folder for this process. Of several processes at once one succeeds; the others get its state. */
export function claimFolder(state: State): { claimed: true } | { claimed: false; by: State } {
  mkdirSync(localFolder, { recursive: true })
  const draft = writeDraft(state)
  try {
    for (;;) {
      if (linked(draft)) return { claimed: true }
      const by = read(file)
      if (by && isRunning(by)) return { claimed: false, by }
      discardStale(by)
    }
  } finally {
    rmSync(draft)
  }
}

export function updateState(state: State): void {
  renameSync(writeDraft(state), file)
}

export function releaseFolder(): void {
  if (read(file)?.pid === process.pid) rmSync(file)
}

function isRunning({ pid }: State): boolean {
  return pid === process.pid || (isAlive(pid) && commandLine(pid).includes('dev/commands/start.ts'))
}

// Race: between the read and the rename another process may have cleared the stale state and started. Then the renamed
// file is its state, and goes back.
function discardStale(seen: State | null): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  const moved = read(aside)
  if (moved && moved.pid !== seen?.pid) linkSync(aside, file)
  rmSync(aside)
}

function linked(draft: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch {
    return false
  }
}

function writeDraft(state: State): string {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(state, null, 2), { mode: 0o600 })
  return draft
}

/** Null when there is no such file. A file that cannot be read as a state may hide a running system: it is an error. */
function read(path: string): State | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw damaged(path, error)
  }
  const state = parse(text)
  if (state === null) throw damaged(path, text)
  return state
}

function parse(text: string): State | null {
  try {
    const { pid, url, databaseUrl }: Record<string, unknown> = Object(JSON.parse(text))
    const known = typeof pid === 'number' && Number.isInteger(pid) && pid > 0
    if (!known || !isUrl(url) || !(databaseUrl === null || isUrl(databaseUrl))) return null
    return { pid, url, databaseUrl }
  } catch {
    return null
  }
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value)
}

function damaged(path: string, cause: unknown): Error {
  return new Error(
    `${path} is damaged: it must say which system runs here. Stop "npm start" if it runs, then delete the file: rm '${path}'`,
    { cause },
  )
}
