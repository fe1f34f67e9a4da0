import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'

const run = promisify(execFile)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-claim-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Several starts at the same moment; each says whether the folder is its own, and stays until all have said so. */
async function claimAtOnce(starts: number): Promise<string[]> {
  // The name at its end distinguishes a start from a stranger that got its pid.
  const program = [join(import.meta.dirname, 'claim.ts'), 'dev/commands/start.ts']
  const env = { ...process.env, LOCKSTEP_FOLDER: folder, STARTS: String(starts) }
  const runs = await Promise.all(
    Array.from({ length: starts }, () => run(process.execPath, program, { env })),
  )
  return runs.map(({ stdout }) => stdout.trim()).toSorted()
}

it('gives the folder to one of six that start at once', async () => {
  expect(await claimAtOnce(6)).toEqual(['claimed', 'refused', 'refused', 'refused', 'refused', 'refused'])
})

it('gives it to one as well when all find what a killed run left', async () => {
  // No process has this pid: it is above what Linux and macOS hand out.
  writeFileSync(
    join(folder, 'state.json'),
    JSON.stringify({ pid: 4_194_305, url: 'http://127.0.0.1:1', databaseUrl: null }),
  )
  expect(await claimAtOnce(6)).toEqual(['claimed', 'refused', 'refused', 'refused', 'refused', 'refused'])
})
