import { join, resolve } from 'node:path'

export const projectRoot = join(import.meta.dirname, '../..')

/** What belongs to this clone alone and is not committed: data, secret, state. A second one makes a second system. */
export const localFolder = resolve(process.env['LOCKSTEP_FOLDER'] ?? join(projectRoot, '.lockstep'))

export const wranglerConfig = join(projectRoot, 'wrangler.toml')
