import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { projectRoot } from './project.ts'
import { buildWeb } from './web.ts'

const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Builds the dashboard into dist/web, and copies Swagger UI beside it, so that /docs loads nothing from another host. */
export function prepareAssets(): void {
  const finished = join(projectRoot, 'dist/web')
  const target = `${finished}.${process.pid}`
  mkdirSync(join(target, 'docs'), { recursive: true })
  cpSync(join(projectRoot, 'web/_headers'), join(target, '_headers'))
  cpSync(join(projectRoot, 'web/docs'), join(target, 'docs'), { recursive: true, filter: isServed })
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  for (const name of swaggerFiles) cpSync(join(swagger, name), join(target, 'docs', name))
  buildWeb(target)
  moveInto(finished, target)
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
