import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { briefGo } from '../../dev/check/steps.ts'
import { atTheEnd } from '../support/at-the-end.ts'

const root = join(import.meta.dirname, '../..')
// The parts that are compiled: what remains of the others may need the row that was taken out.
const worker = ['worker.ts', 'functions', 'schema', 'cron']
const workerMounts = ['functions/modules.ts', 'cron/index.ts']
const mounts = [...workerMounts, 'bench/programs.ts', 'dev/seed/load.ts', 'web/pages.ts', 'web/people.ts']
const registry = readdirSync(join(root, 'functions/registry')).map((file) => `functions/registry/${file}`)

/** Files that still name a row after it is taken out, and why. */
const exceptions = [
  {
    row: 'webhooks',
    why: 'the word names readers outside the Worker, or the section of an OpenAPI document that lists what they receive',
    files: [
      'functions/app.ts',
      'functions/clicks/conversions/contract.ts',
      'functions/clicks/module.ts',
      'functions/core/outbox.ts',
      'functions/dispatch/README.md',
      'functions/dispatch/events/contract.ts',
      'functions/dispatch/feed.ts',
      'functions/dispatch/module.ts',
      'functions/dispatch/orders/routes.ts',
      'functions/fleet/commands/contract.ts',
      'functions/fleet/configs/contract.ts',
      'functions/fleet/module.ts',
      'functions/fleet/nodes/contract.ts',
      'functions/http/document.ts',
      'functions/http/module.ts',
      'functions/http/openapi-events.ts',
      'functions/http/openapi.ts',
      'functions/ledger/accounts/contract.ts',
      'functions/ledger/bets/contract.ts',
      'functions/ledger/README.md',
      'functions/ledger/bets/emit.ts',
      'functions/ledger/module.ts',
      'functions/ledger/payments/contract.ts',
      'functions/ledger/payments/emit.ts',
      'functions/ops/README.md',
      'functions/ops/alerts/contract.ts',
      'functions/ops/alerts/routes.ts',
      'functions/ops/module.ts',
      'functions/ledger/transfers/contract.ts',
      'functions/registry/roles.ts',
    ],
  },
  {
    row: 'ledger',
    why: 'the operator’s documents name the script that distributes its tables',
    files: ['functions/ops/README.md'],
  },
  {
    row: 'ops',
    why: 'the OpenAPI document puts its own endpoints under this tag',
    files: ['functions/http/document.ts'],
  },
  {
    row: 'ops',
    why: 'the operator finds dead deliveries below its own path, and the alert about them names that call',
    files: [
      'functions/webhooks/README.md',
      'functions/webhooks/deliveries/routes.ts',
      'functions/webhooks/watch.ts',
    ],
  },
]
const excepted = (row: string) => exceptions.filter((one) => one.row === row).flatMap(({ files }) => files)

const modules = readdirSync(join(root, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['core', 'http', 'registry'].includes(entry.name))
  .map(({ name }) => name)
  .filter((name) => readFileSync(join(root, 'functions/modules.ts'), 'utf8').includes(`./${name}/module.ts`))

const folder = mkdtempSync(join(tmpdir(), 'lockstep-without-'))
atTheEnd(() => rmSync(folder, { recursive: true }))
const copies = new Map<string, string>()
const whole = copyOfTheWorker()
const errorsOfTheWhole = compile(whole)

// The compiler is a process of its own, and the machine may be busy.
describe('removing a module', () => {
  it.each(modules)('%s: without its cells and the lines that mount it the Worker still compiles', (name) => {
    expect(newErrors(without(name))).toEqual([])
  })

  it.each(modules)('%s: no other file names it', (name) => {
    const naming = namesLeft(without(name), name)
    expect(naming.filter(({ path }) => !excepted(name).includes(path))).toEqual([])
    const needless = excepted(name).filter((file) => naming.every(({ path }) => path !== file))
    expect(needless, 'exceptions to delete').toEqual([])
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
      const naming = namesLeft(copy, name).map(({ path }) => path)
      expect(naming).toEqual(
        expect.arrayContaining(['functions/modules.ts', `functions/core/planted-${name}.ts`]),
      )
      const holders = workerMounts.filter((mount) => names(copy, mount, name))
      for (const file of [...holders, `functions/core/planted-${name}.ts`])
        expect(errors.filter((error) => error.startsWith(file) && error.includes(`/${name}`))).not.toEqual([])
    }
  })
})

function copyOfTheWorker(): string {
  const copy = mkdtempSync(join(folder, 'copy-'))
  for (const part of new Set([...worker, ...mounts]))
    cpSync(join(root, part), join(copy, part), { recursive: true })
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ ...config, include: worker }))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** With what the compiler found there, so that it looks again only at what has changed. */
function copyOfTheWhole(): string {
  const copy = mkdtempSync(join(folder, 'copy-'))
  cpSync(whole, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** The copy without this row, which both tests of the row only read. */
function without(name: string): string {
  const known = copies.get(name)
  if (known !== undefined) return known
  const copy = copyOfTheWhole()
  remove(copy, name)
  copies.set(name, copy)
  return copy
}

function remove(copy: string, name: string): void {
  removeCells(copy, name)
  for (const file of mounts) unmount(join(copy, file), name)
  for (const file of registry.filter((path) => !excepted(name).includes(path))) unlist(join(copy, file), name)
}

function removeCells(copy: string, name: string): void {
  for (const column of ['functions', 'schema', 'cron', 'test', 'bench', 'web', 'dev/seed'])
    for (const cell of [`${column}/${name}`, `${column}/${name}.ts`])
      rmSync(join(copy, cell), { recursive: true, force: true })
}

/** A row is mounted by whole lines: its import, and its entry in the list of the column. */
function unmount(file: string, name: string): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  writeFileSync(file, lines.filter((line) => !nameOf(name).test(line)).join('\n'))
}

/** Removes a row's block, `const dispatch = …`, and its mention, `...dispatch`. */
function unlist(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
    .replaceAll(new RegExp(`^const ${name} = (?:\\{\\n[\\s\\S]*?^\\}|\\[.*\\]|\\{.*\\}).*\\n`, 'gm'), '')
    .replaceAll(new RegExp(`,?\\s*\\.\\.\\.${name}\\b(?:\\.\\w+)?`, 'g'), '')
  writeFileSync(file, text)
}

/** As a word of prose or code, or as a part of an identifier: `dispatch.orders`, `dispatchJobs`, `seedDispatch`. */
function nameOf(name: string): RegExp {
  const capital = name.slice(0, 1).toUpperCase() + name.slice(1)
  return new RegExp(`\\b(?:${name}|${capital})(?![a-z])|[a-z]${capital}(?![a-z])`)
}

function namesLeft(copy: string, name: string): { path: string; line: string }[] {
  return [...worker, ...mounts]
    .flatMap((path) => filesBelow(copy, path))
    .filter((path) => !path.startsWith('schema/migrations/') && path !== 'schema/schema.sql')
    .flatMap((path) =>
      readFileSync(join(copy, path), 'utf8')
        .split('\n')
        .flatMap((line, at) => (nameOf(name).test(line) ? [{ path, line: `${at + 1} ${line.trim()}` }] : [])),
    )
}

function filesBelow(copy: string, path: string): string[] {
  if (statSync(join(copy, path)).isFile()) return [path]
  return readdirSync(join(copy, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(copy, join(entry.parentPath, entry.name)))
}

function names(copy: string, file: string, name: string): boolean {
  return new RegExp(`'\\./${name}(/\\w+)?\\.ts'`).test(readFileSync(join(copy, file), 'utf8'))
}

// The check named "types" reports errors of the whole Worker.
function newErrors(copy: string): string[] {
  return compile(copy).filter((error) => !errorsOfTheWhole.includes(error))
}

function compile(copy: string): string[] {
  const flags = ['--noEmit', '--singleThreaded', '--incremental', '--tsBuildInfoFile', 'found.tsbuildinfo']
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), flags, {
      cwd: copy,
      stdio: 'pipe',
      env: { ...process.env, ...briefGo },
    })
    return []
  } catch (error) {
    const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    return printed.trim().split('\n')
  }
}
