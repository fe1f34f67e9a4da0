import { createHmac, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localFolder } from './project.ts'

/** The development AUTH_SECRET: generated once per clone and never committed, so it differs on every machine. */
export function developmentSecret(folder = localFolder): string {
  const path = join(folder, 'secret')
  return read(path) ?? create(path)
}

/** The password of a Postgres role, derived from the secret so that only one secret is stored. */
export function passwordOf(role: string, secret = developmentSecret()): string {
  return createHmac('sha256', secret).update(`postgres role ${role}`).digest('hex').slice(0, 32)
}

/** A Postgres role that only this clone uses. */
export function localRole(secret = developmentSecret()): string {
  return `lockstep_local_${createHmac('sha256', secret).update('postgres role of this clone').digest('hex').slice(0, 8)}`
}

function read(path: string): string | null {
  let secret: string
  try {
    secret = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  if (/^[\w-]{32,}$/.test(secret)) return secret
  throw new Error(
    `${path} is damaged: it must hold the secret from which tokens and passwords are derived. ` +
      'Restore it, or start afresh without the local data: npm run reset',
  )
}

// A link appears whole and once. Two commands that create the secret at the same moment both read the winner's.
function create(path: string): string {
  mkdirSync(join(path, '..'), { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch {
    // Another command created it first.
  } finally {
    rmSync(draft)
  }
  return readFileSync(path, 'utf8').trim()
}
