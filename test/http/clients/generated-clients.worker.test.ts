import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { projectRoot } from '../../../dev/system/project.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'

// Two generators make a client each from the document of the running Worker. Both compile strictly, and
// both walk the tours of the READMEs.
const receiver = await startReceiver()
const app = await freshWorker({
  bindings: { WEBHOOK_KEY: 'a key that only this test encrypts with', WEBHOOK_ALLOW: receiver.origin },
})
const run = promisify(execFile)

// Below the repository, so that the packages of the clients are found.
const folder = join(projectRoot, 'dist', `clients-${process.pid}`)
const generated = join(folder, 'generated')
mkdirSync(generated, { recursive: true })
atTheEnd(() => rmSync(folder, { recursive: true, force: true }))

const modules = join(projectRoot, 'node_modules')
const node = (...args: string[]) => run(process.execPath, args, { cwd: folder, maxBuffer: 1e8 })
const withCompiler = ['--import', join(import.meta.dirname, 'typescript-by-api.ts')]

writeFileSync(join(folder, 'openapi.json'), await (await app.fetch('/openapi.json')).text())
for (const name of readdirSync(join(import.meta.dirname, 'tours')))
  copyFileSync(join(import.meta.dirname, 'tours', name), join(folder, name))
// The generators' own run-time code does not compile with exactOptionalPropertyTypes.
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: { lib: ['ES2024', 'DOM', 'DOM.Iterable'], types: [], exactOptionalPropertyTypes: false },
    include: ['*.ts', 'generated'],
  }),
)
await node(
  ...withCompiler,
  join(modules, 'openapi-typescript/bin/cli.js'),
  'openapi.json',
  '-o',
  'generated/schema.ts',
)
await node(
  ...withCompiler,
  join(modules, '@hey-api/openapi-ts/dist/run.mjs'),
  '-i',
  join(folder, 'openapi.json'),
  '-o',
  join(generated, 'hey'),
  '-c',
  '@hey-api/client-fetch',
)

const ids = await Promise.all(
  Array.from({ length: 20 }, async (_, id) => ({
    store: await app.token('store', id),
    courier: await app.token('courier', id),
  })),
)
// Forty datasets are enough to page through.
for (const accession of [...app.upstreams.datasets.keys()].slice(40)) app.upstreams.datasets.delete(accession)

const tokens = {
  receiver: `${receiver.origin}/hook`,
  admin: await app.token('admin', 'root'),
  tenant: await app.token('tenant', 'server', 10_001),
  store: (id: number) => ids[id]?.store ?? '',
  courier: (id: number) => ids[id]?.courier ?? '',
}

const walked = {
  created: 'new',
  claimed: 'assigned',
  accepted: 'accepted',
  again: 'illegal_transition',
  listed: ['accepted'],
  results: ['new', 'validation_failed'],
  late: 'illegal_transition',
  available: [6500],
  stakes: expect.arrayContaining([1000]),
  noradId: 25544,
  computed: false,
  unchanged: 304,
  rises: true,
  track: 'Feature',
  pages: 6,
  outside: 'not_covered',
  tested: 'delivered',
  attempts: [['delivered']],
  sent: true,
  requeued: 1,
  rotated: 'whsec_',
  stale: 'version_mismatch',
  removed: 204,
}

it('compile strictly', async () => {
  const { stdout } = await run(join(modules, '.bin/tsc'), ['--noEmit', '--project', folder], {
    maxBuffer: 1e8,
  }).catch((error: { stdout: string }) => error)
  expect(stdout).toBe('')
})

it('by openapi-typescript and openapi-fetch walk the tours', async () => {
  expect(await tourOf('openapi-fetch')).toEqual(walked)
})

it('by @hey-api/openapi-ts walk the tours and read the event stream', async () => {
  expect(await tourOf('hey-api')).toEqual({
    ...walked,
    cursor: 'cursor',
    streamed: ['created', 'claimed'],
  })
})

async function tourOf(name: string): Promise<unknown> {
  type Tour = { tour: (url: string, by: typeof tokens) => Promise<unknown> }
  const { tour }: Tour = await import(/* @vite-ignore */ pathToFileURL(join(folder, `${name}.ts`)).href)
  return tour(app.url, tokens)
}
