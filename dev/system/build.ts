import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { prepareAssets } from './assets.ts'
import { compileCache, projectRoot, wranglerConfig } from './project.ts'

/** Beside the bundle: the files that it is made of. */
export const metafile = 'bundle-meta.json'

type Build = {
  signal?: AbortSignal | undefined
  /** Another Worker than that of wrangler.toml: a test's, with rows of its own. */
  entry?: string
}

/**
 * Bundles the Worker as `wrangler deploy` would and returns the bundle's path. Prints nothing unless the build fails.
 */
export async function buildWorker(
  outdir: string,
  { signal, entry = 'worker.ts' }: Build = {},
): Promise<string> {
  // Wrangler refuses a Worker whose folder of assets does not exist, also where nobody reads them.
  await prepareAssets()
  const wrangler = createRequire(import.meta.url).resolve('wrangler/package.json')
  const child = spawn(
    process.execPath,
    [
      join(dirname(wrangler), 'bin/wrangler.js'),
      'deploy',
      entry,
      // Wrangler looks for it beside the entry, which a test may have elsewhere.
      '--config',
      wranglerConfig,
      '--dry-run',
      '--outdir',
      outdir,
      '--metafile',
      join(outdir, metafile),
    ],
    {
      cwd: projectRoot,
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: compileCache,
        WRANGLER_SEND_METRICS: 'false',
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`The Worker does not build.\n${output}`)
  return join(outdir, `${basename(entry, '.ts')}.js`)
}
