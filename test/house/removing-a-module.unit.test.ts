import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { atTheEnd } from '../support/at-the-end.ts'

const root = join(import.meta.dirname, '../..')
const workers = ['functions', 'schema', 'cron', 'worker.ts']
const mounts = ['functions/modules.ts', 'cron/index.ts']
const lists = ['functions/registry/locks.ts', 'functions/registry/problems.ts']

const modules = readdirSync(join(root, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['core', 'http', 'ops', 'registry'].includes(entry.name))
  .map(({ name }) => name)
  .filter((name) => readFileSync(join(root, 'functions/modules.ts'), 'utf8').includes(`./${name}/module.ts`))

const whole = copyOfTheWorker()
const errorsOfTheWhole = compile(whole)

// The compiler is a process of its own, and the machine may be busy.
describe('removing a module', () => {
  it.each(modules)('%s: without its cells and the lines that mount it the Worker still compiles', (name) => {
    const copy = copyOfTheWhole()
    removeCells(copy, name)
    for (const file of mounts) unmount(join(copy, file), name)
    for (const file of lists) unlist(join(copy, file), name)
    expect(newErrors(copy)).toEqual([])
    for (const file of [...mounts, ...lists]) expect(readFileSync(join(copy, file), 'utf8')).not.toMatch(name)
  })

  it('leaves errors where it was mounted, and where a core knows it: those lines held it', () => {
    const copy = copyOfTheWhole()
    for (const name of modules) {
      writeFileSync(
        join(copy, `functions/core/planted-${name}.ts`),
        `export * from '../${name}/contract.ts'\n`,
      )
      removeCells(copy, name)
    }
    const errors = newErrors(copy)
    for (const name of modules) {
      const holders = mounts.filter((mount) => names(copy, mount, name))
      for (const file of [...holders, `functions/core/planted-${name}.ts`])
        expect(errors.filter((error) => error.startsWith(file) && error.includes(`/${name}`))).not.toEqual([])
    }
  })
})

function copyOfTheWorker(): string {
  const copy = mkdtempSync(join(tmpdir(), 'lockstep-without-'))
  atTheEnd(() => rmSync(copy, { recursive: true }))
  for (const folder of workers) cpSync(join(root, folder), join(copy, folder), { recursive: true })
  copyFileSync(join(root, 'tsconfig.json'), join(copy, 'tsconfig.json'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** With what the compiler found there, so that it looks again only at what has changed. */
function copyOfTheWhole(): string {
  const copy = mkdtempSync(join(tmpdir(), 'lockstep-without-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  cpSync(whole, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

function removeCells(copy: string, name: string): void {
  for (const cell of [`functions/${name}`, `schema/${name}`, `cron/${name}.ts`])
    rmSync(join(copy, cell), { recursive: true, force: true })
}

/** Takes out its import, and its list from among the others: `...dispatchEndpoints`, `...dispatchJobs`. */
function unmount(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
    .replaceAll(new RegExp(`^import .*'\\./${name}(/\\w+)?\\.ts'\\n`, 'gm'), '')
    .replaceAll(new RegExp(`,?\\s*(\\.\\.\\.)?${name}[A-Z]\\w+(\\(\\w+\\))?`, 'g'), '')
    // Where it came first.
    .replaceAll(/([[{(])\s*,\s*/g, '$1 ')
  writeFileSync(file, text)
}

/** Removes a row's block, `const dispatch = {…}`, and its mention, `...dispatch`. */
function unlist(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
    .replaceAll(new RegExp(`^const ${name} = \\{\\n[\\s\\S]*?^\\}.*\\n`, 'gm'), '')
    .replaceAll(new RegExp(`,?\\s*\\.\\.\\.${name}\\b`, 'g'), '')
  writeFileSync(file, text)
}

function names(copy: string, file: string, name: string): boolean {
  return new RegExp(`'\\./${name}(/\\w+)?\\.ts'`).test(readFileSync(join(copy, file), 'utf8'))
}

// What the whole Worker lacks is the business of the check named "types".
function newErrors(copy: string): string[] {
  return compile(copy).filter((error) => !errorsOfTheWhole.includes(error))
}

function compile(copy: string): string[] {
  const flags = ['--noEmit', '--singleThreaded', '--incremental', '--tsBuildInfoFile', 'found.tsbuildinfo']
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), flags, { cwd: copy, stdio: 'pipe' })
    return []
  } catch (error) {
    const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    return printed.trim().split('\n')
  }
}
