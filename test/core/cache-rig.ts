import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache } from '../../functions/core/cache.ts'
import { type Env, parseEnv } from '../../functions/registry/env.ts'
import { atTheEnd } from '../support/at-the-end.ts'

const core = join(import.meta.dirname, '../../functions/core')

/** A clock that moves when the test says so, and the work that outlives its request. */
export type Isolate = {
  env: Env
  now: () => Date
  log: { info(): void; error(event: string): void }
  waitUntil(work: Promise<unknown>): void
}

export const clock = {
  ms: 1_800_000_000_000,
  advance(ms: number): void {
    clock.ms += ms
  },
}

/** Events that any isolate logged as errors. */
export const logged: string[] = []

let background: Promise<unknown>[] = []

export function isolate(bindings: object = {}): Isolate {
  const limit = async () => ({ success: true })
  return {
    env: parseEnv({
      DATABASE_URL: 'postgresql://nobody:x@db.test/none',
      AUTH_SECRET: 'a secret of the tests that has the length',
      RATE_READ: { limit },
      RATE_WRITE: { limit },
      ...bindings,
    }),
    now: () => new Date(clock.ms),
    log: { info: () => undefined, error: (event) => void logged.push(event) },
    waitUntil: (work) => void background.push(work),
  }
}

/** Waits until all work that was given to `waitUntil` has ended, also the work that it began. */
export async function settled(): Promise<void> {
  while (background.length > 0) await Promise.allSettled(background.splice(0))
}

/** A source whose loads wait until the test lets them land. A load reads its answer when it begins. */
export function heldSource(first: string | null) {
  const pending: { land(): void; fail(): void }[] = []
  const source = {
    value: first,
    out: false,
    held: false,
    loads: 0,
    pending,
    load: (): Promise<{ text: string } | null> => {
      source.loads += 1
      const { value } = source
      const answer = value === null ? null : { text: value }
      if (source.out) return Promise.reject(new Error('the source is out'))
      if (!source.held) return Promise.resolve(answer)
      return new Promise((resolve, reject) => {
        pending.push({ land: () => resolve(answer), fail: () => reject(new Error('the source is out')) })
      })
    },
  }
  return source
}

type Make = typeof cache
type File = 'cache.ts' | 'shared-layer.ts'

/** The cache with one line of a file changed, for the controls. */
export async function brokenCache(file: File, from: string, to: string): Promise<Make> {
  const path = writeBroken(file, { [from]: to })
  // The file has the type of the one that it was made from.
  const made = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { cache: Make }
  return made.cache
}

/** Writes the two files of the cache with these texts replaced in one of them, and returns the path of cache.ts. */
export function writeBroken(file: File, replaced: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-cache-'))
  atTheEnd(() => rmSync(folder, { recursive: true }))
  for (const name of ['cache.ts', 'shared-layer.ts'] as const) {
    let text = readFileSync(join(core, name), 'utf8')
    for (const [from, to] of name === file ? Object.entries(replaced) : []) {
      if (!text.includes(from)) throw new Error(`${name} does not contain ${from}`)
      text = text.replaceAll(from, to)
    }
    const linked = text.replaceAll(/from '(\.\.?\/[^']+)'/g, (_all, path: string) =>
      path === './shared-layer.ts' ? `from '${path}'` : `from '${join(core, path)}'`,
    )
    writeFileSync(join(folder, name), linked)
  }
  return join(folder, 'cache.ts')
}
