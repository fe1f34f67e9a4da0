import {
  type Unstable_MiniflareWorkerOptions,
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
} from 'wrangler'
import { wranglerConfig } from './project.ts'

/** What wrangler.toml binds to the Worker, as Miniflare takes it, and when it is to be triggered. */
export type WorkerConfig = { options: Unstable_MiniflareWorkerOptions['workerOptions']; crons: string[] }

/** wrangler.toml is the one source: what holds when deployed holds on a laptop and in tests. */
export function readWorkerConfig(): WorkerConfig {
  return {
    options: unstable_getMiniflareWorkerOptions(wranglerConfig).workerOptions,
    crons: unstable_readConfig({ config: wranglerConfig }).triggers.crons ?? [],
  }
}
