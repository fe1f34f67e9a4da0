import { dirname, join } from 'node:path'

export const projectRoot = dirname(import.meta.dirname)

/** What belongs to this clone alone and is not committed: data, secret, state. */
export const localFolder = join(projectRoot, '.lockstep')

export const wranglerConfig = join(projectRoot, 'wrangler.toml')
