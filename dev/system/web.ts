import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type BuildOptions, type BuildResult, buildSync, type Metafile } from 'esbuild'
import { projectRoot } from './project.ts'

const web = join(projectRoot, 'web')
const assets = '/app/assets'

/** Heading and first sentence of a shell, which a person reads before the script has loaded. */
const shells = {
  'index.html': [
    'Lockstep',
    'Where the ISS is now, and the open data that this system collects about space.',
  ],
  'app/index.html': ['Lockstep', 'The page is loading.'],
} as const

/**
 * Bundles web/main.tsx and the stylesheets into `target`, each file under a name with the hash of its content, and writes
 * the two shells that load them.
 */
export function buildWeb(target: string): BuildResult<{ metafile: true }> {
  const scripts = build(target, { entryPoints: [join(web, 'main.tsx')] })
  const styles = build(target, {
    stdin: { contents: imported(stylesheets()), resolveDir: web, sourcefile: 'all.css', loader: 'css' },
    // esbuild would name it after its standard input.
    entryNames: 'style-[hash]',
  })
  const { metafile } = scripts
  Object.assign(metafile.inputs, styles.metafile.inputs)
  Object.assign(metafile.outputs, styles.metafile.outputs)
  const template = readFileSync(join(web, 'shell.html'), 'utf8')
  for (const [name, [heading, sentence]] of Object.entries(shells)) {
    const page = name === 'index.html' ? firstPage() : null
    mkdirSync(dirname(join(target, name)), { recursive: true })
    writeFileSync(join(target, name), fill(template, { ...loadsOf(metafile, page), heading, sentence }))
  }
  return scripts
}

function build(target: string, of: BuildOptions): BuildResult<{ metafile: true }> {
  return buildSync({
    absWorkingDir: projectRoot,
    outdir: join(target, assets),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: assets,
    // A map is data that the page fetches, not code that it parses.
    loader: { '.json': 'file' },
    tsconfig: join(web, 'tsconfig.json'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    ...of,
  })
}

/** Tokens and ground first, then the rules beside the parts, then those of the rows: one file, so one request. */
export function stylesheets(folder = web): string[] {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.css'),
  )
  const rank = (path: string) => (path === 'style.css' ? 0 : path.startsWith('parts/') ? 1 : 2)
  return found.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b))
}

const imported = (paths: readonly string[]) => paths.map((path) => `@import "./${path}";`).join('\n')

export function stylesheetOf(outputs: Metafile['outputs']): string {
  return Object.keys(outputs).find((path) => path.endsWith('.css')) ?? ''
}

/** The file of the page at `/`, as the list of pages names it. */
function firstPage(): string | null {
  const found = /'\/',.*import\('\.\/(.+?)'\)/.exec(readFileSync(join(web, 'pages.ts'), 'utf8'))
  return found === null ? null : `web/${found[1]}`
}

/** The script and the stylesheet, and the files that the script and the page import at once. */
function loadsOf(
  { outputs }: Metafile,
  page: string | null,
): Record<'script' | 'style' | 'preloads', string> {
  const outputOf = (entry: string) =>
    Object.keys(outputs).find((path) => outputs[path]?.entryPoint === entry) ?? ''
  const script = outputOf('web/main.tsx')
  const wanted = importedBy(outputs, [script, ...(page === null ? [] : [outputOf(page)])])
  wanted.delete(script)
  const address = (path: string) => `${assets}/${basename(path)}`
  const preloads = [...wanted]
    .map((path) => `<link rel="modulepreload" href="${address(path)}">`)
    .join('\n    ')
  return { script: address(script), style: address(stylesheetOf(outputs)), preloads }
}

/** These files with all that they import statically. */
export function importedBy(outputs: Metafile['outputs'], paths: readonly string[]): Set<string> {
  const found = new Set(paths)
  for (const path of found)
    for (const { path: imported, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement') found.add(imported)
  return found
}

function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
}
