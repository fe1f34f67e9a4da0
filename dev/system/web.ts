import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type BuildResult, buildSync, type Metafile } from 'esbuild'
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
 * Bundles web/main.tsx and web/style.css into `target`, each file under a name with the hash of its content, and writes
 * the two shells that load them.
 */
export function buildWeb(target: string): BuildResult<{ metafile: true }> {
  const result = buildSync({
    absWorkingDir: projectRoot,
    entryPoints: [join(web, 'main.tsx'), join(web, 'style.css')],
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
  })
  const template = readFileSync(join(web, 'shell.html'), 'utf8')
  const loads = loadsOf(result.metafile)
  for (const [name, [heading, sentence]] of Object.entries(shells)) {
    mkdirSync(dirname(join(target, name)), { recursive: true })
    writeFileSync(join(target, name), fill(template, { ...loads, heading, sentence }))
  }
  return result
}

/** The script, the stylesheet, and the chunks that the script imports at once. */
function loadsOf({ outputs }: Metafile): Record<'script' | 'style' | 'preloads', string> {
  const made = Object.entries(outputs)
  const outputOf = (entry: string) => made.find(([, { entryPoint }]) => entryPoint === entry)
  const [script = '', { imports = [] } = {}] = outputOf('web/main.tsx') ?? []
  const [style = ''] = outputOf('web/style.css') ?? []
  const chunks = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)
  const address = (path: string) => `${assets}/${basename(path)}`
  const preloads = chunks.map((path) => `<link rel="modulepreload" href="${address(path)}">`).join('\n    ')
  return { script: address(script), style: address(style), preloads }
}

function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
}
