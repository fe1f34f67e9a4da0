import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isMain } from './main-module.ts'
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
  // Put in place whole: a Worker that runs meanwhile may be serving from there.
  rmSync(finished, { recursive: true, force: true })
  renameSync(target, finished)
}

if (isMain(import.meta)) prepareAssets()
