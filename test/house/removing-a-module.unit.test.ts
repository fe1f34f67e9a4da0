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

const root = join(import.meta.dirname, '../..')
const workers = ['functions', 'schema', 'cron']
const mounts = ['functions/app.ts', 'functions/index.ts', 'cron/index.ts']

const modules = readdirSync(join(root, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['core', 'http', 'ops'].includes(entry.name))
  .map(({ name }) => name)
  .filter((name) => readFileSync(join(root, 'functions/app.ts'), 'utf8').includes(`./${name}/routes.ts`))

// The compiler is a process of its own, and the machine may be busy.
describe('removing a module', { timeout: 60_000 }, () => {
  it.each(modules)('%s: without its cells and the lines that mount it the Worker still compiles', (name) => {
    const copy = copyOfTheWorker()
    removeCells(copy, name)
    for (const file of mounts) unmount(join(copy, file), name)
    expect(newErrors(copy)).toEqual([])
  })

  it.each(modules)('%s: with those lines it does not, so they were what held it', (name) => {
    const copy = copyOfTheWorker()
    removeCells(copy, name)
    const errors = newErrors(copy).join('\n')
    for (const file of mounts.filter((mount) => names(copy, mount, name))) expect(errors).toContain(file)
  })

  it.each(modules)('%s: a core that knows it cannot lose it', (name) => {
    const copy = copyOfTheWorker()
    writeFileSync(join(copy, 'functions/core/planted.ts'), `export * from '../${name}/contract.ts'\n`)
    removeCells(copy, name)
    for (const file of mounts) unmount(join(copy, file), name)
    expect(newErrors(copy).join('\n')).toContain('functions/core/planted.ts')
  })
})

function copyOfTheWorker(): string {
  const copy = mkdtempSync(join(tmpdir(), 'lockstep-without-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const folder of workers) cpSync(join(root, folder), join(copy, folder), { recursive: true })
  copyFileSync(join(root, 'tsconfig.json'), join(copy, 'tsconfig.json'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

function removeCells(copy: string, name: string): void {
  for (const cell of [`functions/${name}`, `schema/${name}.ts`, `cron/${name}.ts`])
    rmSync(join(copy, cell), { recursive: true, force: true })
}

/** Takes out its import, and its list from among the others: `...dispatchEndpoints`, `...dispatchJobs`. */
function unmount(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
    .replaceAll(new RegExp(`^import .*'\\./${name}(/\\w+)?\\.ts'\\n`, 'gm'), '')
    .replaceAll(new RegExp(`,?\\s*\\.\\.\\.${name}[A-Z]\\w+`, 'g'), '')
    // Where it came first.
    .replaceAll(/([[{(])\s*,\s*/g, '$1 ')
  writeFileSync(file, text)
}

function names(copy: string, file: string, name: string): boolean {
  return new RegExp(`'\\./${name}(/\\w+)?\\.ts'`).test(readFileSync(join(copy, file), 'utf8'))
}

// What the whole Worker lacks is the business of the check named "types".
let errorsOfTheWhole: string[] | undefined

function newErrors(copy: string): string[] {
  errorsOfTheWhole ??= compile(copyOfTheWorker())
  const known = new Set(errorsOfTheWhole)
  return compile(copy).filter((error) => !known.has(error))
}

function compile(copy: string): string[] {
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit'], { cwd: copy, stdio: 'pipe' })
    return []
  } catch (error) {
    const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    return printed.trim().split('\n')
  }
}
