import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { filesOf, installed, kept, type Made } from './kept.ts'
import { projectRoot } from './project.ts'
import { buildWeb } from './web.ts'

const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js']

const web = join(projectRoot, 'web')
const finished = join(projectRoot, 'dist/web')
const record = join(projectRoot, 'dist/web.json')

/**
 * Builds the dashboard into dist/web, and copies Swagger UI beside it, so that /docs loads nothing from another host. Does
 * nothing if nothing differs since it did so last.
 */
export async function prepareAssets(): Promise<void> {
  // A new page or stylesheet is found by its name.
  await kept(record, { pages: filesIn(web) }, makeAssets)
}

function makeAssets(): Made<true> {
  const target = `${finished}.${process.pid}`
  mkdirSync(join(target, 'docs'), { recursive: true })
  cpSync(join(web, '_headers'), join(target, '_headers'))
  cpSync(join(web, 'docs'), join(target, 'docs'), { recursive: true, filter: isServed })
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  for (const name of swaggerFiles) cpSync(join(swagger, name), join(target, 'docs', name))
  const { inputs } = buildWeb(target).metafile
  moveInto(finished, target)
  const read = [
    ...filesIn(web).map((name) => join(web, name)),
    ...filesOf(inputs),
    ...swaggerFiles.map((name) => join(swagger, name)),
    ...['assets.ts', 'web.ts'].map((name) => join(import.meta.dirname, name)),
    ...installed,
  ]
  return { read, written: filesIn(finished).map((name) => join(finished, name)), value: true }
}

/** Declarations are for the compiler only. */
function isServed(path: string): boolean {
  return !path.endsWith('.d.ts')
}

/** Moves file by file, because a running Worker serves from that folder and would lose it in a replacement. */
function moveInto(folder: string, from: string): void {
  const fresh = filesIn(from)
  for (const name of fresh) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    renameSync(join(from, name), join(folder, name))
  }
  for (const name of filesIn(folder)) if (!fresh.includes(name)) rmSync(join(folder, name), { force: true })
  rmSync(from, { recursive: true, force: true })
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
