import { join, resolve } from 'node:path'

export const projectRoot = join(import.meta.dirname, '../..')

/** Holds the data, the secret and the state of this clone; none is committed. A second folder makes a second system. */
export const localFolder = resolve(process.env['LOCKSTEP_FOLDER'] ?? join(projectRoot, '.lockstep'))

export const wranglerConfig = join(projectRoot, 'wrangler.toml')

/** Node keeps in it the code that it compiled. Wrangler's is ten megabytes of source, and each start loads it twice. */
export const compileCache = join(projectRoot, 'node_modules/.cache/compiled')
