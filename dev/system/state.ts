import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine, isAlive } from './processes.ts'
import { localFolder } from './project.ts'

/** What runs in this folder, for the commands that ask and for the next start. */
export type State = {
  pid: number
  /** The Worker's, where people send requests. */
  url: string
  /** Straight to Postgres, as its owner; null while starting. */
  databaseUrl: string | null
}

const file = join(localFolder, 'state.json')

/** The system that runs in this folder now, or null. */
export function readRunning(): State | null {
  const state = read(file)
  return state && isRunning(state) ? state : null
}

/** What a run that was killed left behind, or null. */
export function readStale(): State | null {
  const state = read(file)
  return state && !isRunning(state) ? state : null
}

/** Makes this process the one that runs here. Of several at once, one succeeds; the others get its state. */
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

// Between our look and our move somebody else may have cleared it and started: then what we moved is theirs to have back.
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

function read(path: string): State | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
