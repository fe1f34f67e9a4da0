import {
  type Unstable_MiniflareWorkerOptions,
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
} from 'wrangler'
import { wranglerConfig } from './project.ts'

/** The bindings of wrangler.toml in the form that Miniflare takes, and the cron triggers. */
export type WorkerConfig = { options: Unstable_MiniflareWorkerOptions['workerOptions']; crons: string[] }

/** Reads wrangler.toml, so that a laptop and the tests run with the settings of the deployment. */
export function readWorkerConfig(): WorkerConfig {
  return {
    options: unstable_getMiniflareWorkerOptions(wranglerConfig).workerOptions,
    crons: unstable_readConfig({ config: wranglerConfig }).triggers.crons ?? [],
  }
}
