import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const memory = '/dev/shm'
/** A run needs about a third of it. */
const neededBytes = 3 * 2 ** 30

/**
 * The folder for what a test run writes: in memory where there is enough of it, else undefined. The databases of a run
 * are a hundred thousand small files that come and go, and ext4 without a journal looks past each inode that was freed
 * in the last seconds before it gives out another one: a quarter of a second for each database.
 */
export function folderInMemory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize < neededBytes) return undefined
    runsPrograms(memory)
    return memory
  } catch {
    return undefined
  }
}

/** Containers often mount it so that nothing in it can be executed. That is tried, because mounts and modes decide it. */
function runsPrograms(parent: string): void {
  const folder = mkdtempSync(join(parent, 'lockstep-try-'))
  try {
    const program = join(folder, 'program')
    writeFileSync(program, '#!/bin/sh\n')
    chmodSync(program, 0o700)
    execFileSync(program, { stdio: 'ignore' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
