import { parsed } from './parsed.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

const sessionLock = /\bpg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?\b/g

// A pooler in transaction mode may send a session lock and its unlock to different connections, which leaks the lock.
export function sessionLocks(tree: Tree): Finding[] {
  return textFiles(tree, '.ts', '.sql')
    .filter((path) => !path.startsWith('test/') && path !== 'dev/check/session-locks.ts')
    .flatMap((path) => {
      const text = withoutComments(path, tree.read(path))
      return [...text.matchAll(sessionLock)]
        .filter(([name]) => !isPoolersReset(path, name))
        .map((found) => ({
          where: `${path}:${lineOf(text, found.index)}`,
          what: `${found[0]} outlives its transaction and leaks through a pooler: use pg_try_advisory_xact_lock`,
        }))
    })
}

// A pooler resets a connection between two clients and releases its session locks; the local proxy does the same.
function isPoolersReset(path: string, name: string): boolean {
  return path.startsWith('dev/neon-proxy') && name === 'pg_advisory_unlock_all'
}

function withoutComments(path: string, text: string): string {
  if (path.endsWith('.sql')) return text.replaceAll(/--[^\n]*/g, blank)
  return parsed(path, text).comments.reduce(
    (rest, { start, end }) => rest.slice(0, start) + blank(rest.slice(start, end)) + rest.slice(end),
    text,
  )
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
