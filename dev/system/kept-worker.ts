import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildWorker, metafile } from './build.ts'
import { filesOf, installed, kept } from './kept.ts'
import { projectRoot, wranglerConfig } from './project.ts'
import type { WorkerConfig } from './worker-config.ts'

export type KeptWorker = { bundle: string; config: WorkerConfig }

/**
 * Builds the Worker into `outdir` and reads its configuration, unless it did so before and nothing differs since. Wrangler
 * alone takes most of the time of a start.
 */
export function keptWorker(outdir: string, signal: AbortSignal): Promise<KeptWorker> {
  const settings = { outdir, ...settingsOfWrangler() }
  return kept(join(outdir, 'kept.json'), settings, async () => {
    const bundle = await buildWorker(outdir, { signal })
    // Loaded late, because it takes a second.
    const { readWorkerConfig } = await import('./worker-config.ts')
    const { inputs }: { inputs: object } = JSON.parse(readFileSync(join(outdir, metafile), 'utf8'))
    const read = [
      ...filesOf(inputs),
      ...settings.files.map((name) => join(projectRoot, name)),
      ...['build.ts', 'worker-config.ts'].map((name) => join(import.meta.dirname, name)),
      wranglerConfig,
      ...installed,
    ]
    return { read, written: [bundle], value: { bundle, config: readWorkerConfig() } }
  })
}

/** Wrangler reads variables of the shell, and those of files beside its configuration. */
function settingsOfWrangler(): { files: string[]; variables: [string, string | undefined][] } {
  return {
    files: readdirSync(projectRoot).filter((name) => /^\.(env|dev\.vars)/.test(name)),
    variables: Object.entries(process.env).filter(([name]) => /^(NODE_ENV|CLOUDFLARE_|WRANGLER_)/.test(name)),
  }
}
