import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { projectRoot } from './project.ts'

const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Copies the pages of web/ to dist/web, and Swagger UI beside them, so that /docs loads nothing from another host. */
export function prepareAssets(): void {
  const finished = join(projectRoot, 'dist/web')
  const target = `${finished}.${process.pid}`
  mkdirSync(join(target, 'docs'), { recursive: true })
  cpSync(join(projectRoot, 'web'), target, { recursive: true, filter: isServed })
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  for (const name of swaggerFiles) cpSync(join(swagger, name), join(target, 'docs', name))
  moveInto(finished, target)
}

/** Declarations are for the compiler only. */
function isServed(path: string): boolean {
  return !/\.d\.ts$|tsconfig\.json$/.test(path)
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
