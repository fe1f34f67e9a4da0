import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { briefGo } from '../../dev/check/steps.ts'
import { prepareAssets } from '../../dev/system/assets.ts'
import { projectRoot } from '../../dev/system/project.ts'
import { atTheEnd } from '../support/at-the-end.ts'

const run = promisify(execFile)

it('the Worker serves the pages of web/ and Swagger UI, without what only the compiler needs', async () => {
  await prepareAssets()
  const served = readdirSync(join(projectRoot, 'dist/web'), { recursive: true }).map(String)
  const needed = ['_headers', 'docs/start.js', 'docs/swagger-ui-bundle.js', 'docs/swagger-ui.css']
  expect(served).toEqual(expect.arrayContaining(needed))
  expect(served.filter((path) => /\.tsx?$|tsconfig/.test(path))).toEqual([])
  expect(served).toEqual(expect.arrayContaining(['index.html', 'app/index.html']))
  expect(served.filter((path) => /^app\/assets\/main-[A-Z0-9]{8}\.js$/.test(path))).toHaveLength(1)
})

// The types of answers come from the contracts of the API.
const folder = mkdtempSync(join(tmpdir(), 'lockstep-web-'))
atTheEnd(() => rmSync(folder, { recursive: true }))
for (const part of ['web', 'functions', 'schema'])
  cpSync(join(projectRoot, part), join(folder, part), { recursive: true })
symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
for (const name of ['tsconfig.json', '.oxlintrc.json', 'biome.json', '.gitignore'])
  copyFileSync(join(projectRoot, name), join(folder, name))

it.each([
  [
    'types, and that those of Node are not there',
    'tsc',
    ['--noEmit', '--singleThreaded', '--project', 'web'],
    ['SwaggerUIBundle({ url: 1 })', 'export const id = process.pid'],
    ['TS2322', 'TS2591'],
  ],
  ['lint', 'oxlint', ['--type-aware', 'web'], ['fetch("/openapi.json")'], ['no-floating-promises']],
  ['format', 'biome', ['check', 'web'], ['const  a = 1;'], ['planted.js format']],
])('a page is checked: %s', async (_what, tool, args, lines, faults) => {
  const bin = join(projectRoot, 'node_modules/.bin', tool)
  // Without this file nothing is wrong: the checks of the project say so.
  writeFileSync(join(folder, 'web/docs/planted.js'), `${lines.join('\n')}\n`)
  const failed = await run(bin, args, { cwd: folder, env: { ...process.env, ...briefGo } }).catch(
    (error: unknown) => error,
  )
  expect(failed).toMatchObject({ code: expect.any(Number) })
  for (const fault of faults) expect(JSON.stringify(failed)).toContain(fault)
})
