import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../..')

it.each([
  [
    'a promise nobody waits for',
    'no-floating-promises',
    'export function go(): void {\n  fetch("http://a")\n}',
  ],
  ['any', 'no-explicit-any', 'export const open: any = 1'],
  ['a non-null assertion', 'no-non-null-assertion', 'export const first = (list: number[]) => list[0]!'],
  ['an interface', 'consistent-type-definitions', 'export interface Order {\n  id: number\n}'],
])('the linter finds %s', (_what, rule, code) => {
  expect(lint(`${code}\n`)).toContain(rule)
})

it('the linter lets a promise that is awaited be', () => {
  expect(lint('export async function go(): Promise<void> {\n  await fetch("http://a")\n}\n')).toBe('')
})

function lint(code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-lint-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'functions'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const name of ['tsconfig.json', '.oxlintrc.json']) copyFileSync(join(root, name), join(folder, name))
  writeFileSync(join(folder, 'functions/planted.ts'), code)
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware'], { cwd: folder, stdio: 'pipe' })
    return ''
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}
