import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { projectRoot } from '../../dev/system/project.ts'

const run = promisify(execFile)
// Inside the project, so that vitest is found from there.
const folder = mkdtempSync(join(projectRoot, 'node_modules/.closing-line-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function lastLine(files: Record<string, string>): Promise<string | undefined> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const config = `
    import { closingLine } from '${join(projectRoot, 'test/support/closing-line.ts')}'
    export default { test: { include: ['*.case.ts'], reporters: ['default', closingLine()] } }`
  writeFileSync(join(folder, 'vitest.config.ts'), config)
  const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const { stdout } = await run(process.execPath, [vitest, 'run', '--root', folder]).catch(
    (error: { stdout: string }) => error,
  )
  return stdout.trimEnd().split('\n').at(-1)
}

const passing = `import { it } from 'vitest'; it('a', () => {}); it('b', () => {})`

it('counts what passed', async () => {
  expect(await lastLine({ 'one.case.ts': passing })).toBe('2 passed, 0 failed')
})

it('counts what failed: tests, files that cannot be read, hooks and errors nobody caught', async () => {
  const broken = {
    'failing.case.ts': `import { it } from 'vitest'; it('c', () => { throw new Error('no') })`,
    'unreadable.case.ts': `throw new Error('no')`,
    'hook.case.ts': `import { afterAll, describe, it } from 'vitest'; describe('d', () => { afterAll(() => { throw new Error('no') }); it('e', () => {}) })`,
    'late.case.ts': `import { it } from 'vitest'; it('f', async () => { void Promise.reject(new Error('no')); await new Promise((done) => setTimeout(done, 50)) })`,
  }
  expect(await lastLine({ 'one.case.ts': passing, ...broken })).toBe('4 passed, 4 failed')
})
