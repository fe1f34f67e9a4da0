import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Binaries, locateBinaries } from './binaries.ts'
import { chooseOsUser, type OsUser } from './os-user.ts'

/** The folder of a cluster, and the user that runs it and can reach all files in the folder. */
export type Place = { user: OsUser; binDir: string; folder: string }

/**
 * Returns `folder` if Postgres' user can reach it, else a folder under /var/tmp. In containers and CI a clone often
 * lies in a folder that only root may enter. Access is tried, not computed, because modes, ACLs and mounts all decide
 * it.
 */
export function choosePlace(folder: string): Place {
  const user = chooseOsUser()
  return { user, binDir: chooseBinaries(user), folder: chooseFolder(folder, user) }
}

/** The folder outside the project that would replace `folder`, in use or not. */
export function outsideFolder(folder: string): string {
  return join(
    sharedRoot(),
    `lockstep-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16)}`,
  )
}

/** Deletes the folder outside the project that replaces `folder`, if this user owns it. */
export function removeOutside(folder: string): void {
  const outside = outsideFolder(folder)
  if (!existsSync(outside)) return
  assertOurs(outside)
  rmSync(outside, { recursive: true })
}

function chooseBinaries(user: OsUser): string {
  const binaries = locateBinaries()
  const inside = join(binaries.home, 'bin')
  if (runs(inside, user)) return inside
  const outside = copyBinaries(binaries)
  if (runs(outside, user)) return outside
  throw new Error(`PostgreSQL's binaries run neither from ${inside} nor from ${outside}${asWhom(user)}.`)
}

function copyBinaries({ home, version }: Binaries): string {
  const copy = join(sharedRoot(), `lockstep-pg-${version}-${process.arch}`)
  if (existsSync(copy)) {
    assertOurs(copy)
  } else {
    const half = `${copy}.${process.pid}`
    cpSync(home, half, { recursive: true, verbatimSymlinks: true })
    openToAll(half)
    // A rename makes the copy appear whole. If another process renamed first, its copy serves as well.
    try {
      renameSync(half, copy)
    } catch {
      rmSync(half, { recursive: true, force: true })
    }
  }
  return join(copy, 'bin')
}

function chooseFolder(folder: string, user: OsUser): string {
  mkdirSync(folder, { recursive: true })
  if (user.uid === undefined) return folder
  if (enters(folder, user)) return folder
  const outside = outsideFolder(folder)
  mkdirSync(outside, { recursive: true, mode: 0o755 })
  assertOurs(outside)
  chmodSync(outside, 0o755)
  if (enters(outside, user)) return outside
  throw new Error(`Neither ${folder} nor ${outside} can be entered${asWhom(user)}.`)
}

function runs(binDir: string, user: OsUser): boolean {
  return tries(join(binDir, 'postgres'), ['--version'], user)
}

function enters(folder: string, user: OsUser): boolean {
  return tries('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], user)
}

function tries(command: string, args: string[], user: OsUser): boolean {
  try {
    execFileSync(command, args, { ...user, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// Every user can write to /var/tmp, so a folder that another user created could contain anything.
function assertOurs(folder: string): void {
  const { uid, mode } = lstatSync(folder)
  if (lstatSync(folder).isDirectory() && uid === process.getuid?.() && (mode & 0o022) === 0) return
  throw new Error(`${folder} exists but belongs to another user. Remove it, then start again.`)
}

function openToAll(folder: string): void {
  execFileSync('chmod', ['-R', 'u+rwX,go+rX,go-w', folder])
}

function sharedRoot(): string {
  return existsSync('/var/tmp') ? '/var/tmp' : tmpdir()
}

function asWhom(user: OsUser): string {
  return user.uid === undefined ? '' : ` as uid ${user.uid}`
}

/** Makes Postgres' user the owner of a folder. */
export function handOver(folder: string, user: OsUser): void {
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
}
