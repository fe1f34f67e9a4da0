import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readTree } from '../check/tree.ts'

/*
 * Copies the working tree into a temporary folder and tries the mutants there. Each argument chooses the mutants whose
 * guarantee, file or name contains it.
 */
const root = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'lockstep-mutants-'))
// The trial receives Ctrl-C as well, ends its servers and then this process.
process.on('SIGINT', () => undefined)
try {
  for (const path of readTree(root).paths) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const trial = spawn(process.execPath, ['dev/mutants/try.ts', ...process.argv.slice(2)], {
    cwd: copy,
    stdio: 'inherit',
  })
  const [code] = await once(trial, 'close')
  process.exitCode = code ?? 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
