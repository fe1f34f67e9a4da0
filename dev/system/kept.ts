import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectRoot } from './project.ts'

type Kept<T> = { settings: string; hashes: Record<string, string | null>; value: T }

export type Made<T> = {
  /** All that was read to make it, and the files that were written. */
  read: readonly string[]
  written: readonly string[]
  value: T
}

/**
 * The value that an earlier call made and wrote to `record`, or the one that `make` makes now: because the settings differ, or
 * because a file that was read or written has other content or is gone.
 */
export async function kept<T>(
  record: string,
  settings: object,
  make: () => Made<T> | Promise<Made<T>>,
): Promise<T> {
  const earlier = read<T>(record)
  if (earlier !== null && isAsMade(earlier, settings)) return earlier.value
  mkdirSync(dirname(record), { recursive: true })
  rmSync(record, { force: true })
  const began = timeOfDisk(dirname(record))
  const made = await make()
  keep(record, settings, made, began)
  return made.value
}

function isAsMade({ settings, hashes }: Kept<unknown>, now: object): boolean {
  return settings === digestOf(now) && Object.entries(hashes).every(([path, hash]) => hashOf(path) === hash)
}

/** Records what was made. If a file changed meanwhile, nobody knows which content was read, and nothing is recorded. */
function keep<T>(record: string, settings: object, made: Made<T>, began: number): void {
  if (made.read.some((path) => changedAt(path) >= began)) return
  const hashes = [...made.read, ...made.written].map((path) => [path, hashOf(path)])
  const content: Kept<T> = {
    settings: digestOf(settings),
    hashes: Object.fromEntries(hashes),
    value: made.value,
  }
  const draft = `${record}.${process.pid}`
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 })
  renameSync(draft, record)
}

/** Now, by the clock that dates a change of a file: it runs some milliseconds behind the one of `Date.now`. */
function timeOfDisk(folder: string): number {
  const path = join(folder, `now.${process.pid}`)
  writeFileSync(path, '')
  const now = changedAt(path)
  rmSync(path)
  return now
}

/** With the clone, because a copy of it may have the record and other files. Settings may have secrets. */
function digestOf(settings: object): string {
  return digest(JSON.stringify([projectRoot, settings]))
}

function read<T>(record: string): Kept<T> | null {
  try {
    return JSON.parse(readFileSync(record, 'utf8'))
  } catch {
    return null
  }
}

/** Null when there is no such file. */
function hashOf(path: string): string | null {
  try {
    return digest(readFileSync(path))
  } catch {
    return null
  }
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url')
}

/** When its inode changed, because a copy or a rename brings an old time of the content. A file that is gone has just changed. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY
}

/** Of each package the version that is installed. No build names the files by which it finds its packages. */
export const installed = ['node_modules/.package-lock.json', 'package.json', 'tsconfig.json'].map((path) =>
  join(projectRoot, path),
)

/** The files that esbuild read. Some of its inputs are made up, and have no file. */
export function filesOf(inputs: object): string[] {
  return Object.keys(inputs)
    .map((path) => join(projectRoot, path))
    .filter((path) => existsSync(path))
}
