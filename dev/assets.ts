import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isMain } from './main-module.ts'
import { projectRoot } from './project.ts'

const swaggerFiles = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-32x32.png',
]

/** Gathers the Worker's static assets in dist/web: our pages, and Swagger UI so that /docs needs no other host. */
export function prepareAssets(): void {
  const finished = join(projectRoot, 'dist/web')
  const target = `${finished}.${process.pid}`
  mkdirSync(join(target, 'docs'), { recursive: true })
  const pages = join(projectRoot, 'web')
  if (existsSync(pages)) cpSync(pages, target, { recursive: true })
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  for (const name of swaggerFiles) cpSync(join(swagger, name), join(target, 'docs', name))
  writeFileSync(join(target, 'docs/initialize.js'), initializer)
  writeFileSync(join(target, 'docs/index.html'), page)
  // Put in place whole: a Worker that runs meanwhile may be serving from there.
  rmSync(finished, { recursive: true, force: true })
  renameSync(target, finished)
}

// The page runs under a policy that allows no inline script.
const initializer = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
})
`

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Lockstep API</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/initialize.js"></script>
  </body>
</html>
`

if (isMain(import.meta)) prepareAssets()
