import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { projectRoot } from './project.ts'

const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Gathers the Worker's static assets in dist/web: our pages, and Swagger UI so that /docs needs no other host. */
export function prepareAssets(): void {
  const finished = join(projectRoot, 'dist/web')
  const target = `${finished}.${process.pid}`
  mkdirSync(join(target, 'docs'), { recursive: true })
  const pages = join(projectRoot, 'web')
  if (existsSync(pages)) cpSync(pages, target, { recursive: true })
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  for (const name of swaggerFiles) cpSync(join(swagger, name), join(target, 'docs', name))
  moveInto(finished, target)
}

/** File by file: a Worker that runs meanwhile serves from that very folder, and would lose it if it were replaced. */
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
