import type { Finding } from './tree.ts'

type Package = { optionalDependencies?: Record<string, string> }

// Where a registry lacks the binaries of other platforms, `npm install` drops them from the lock file. `npm ci` refuses
// such a lock file.
export function forgottenPackages(lock: { packages: Record<string, Package> }): Finding[] {
  const { packages } = lock
  return Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(packages, place, name))
      .map((name) => ({ where: 'package-lock.json', what: `lacks ${name}, an optional part of ${place}` })),
  )
}

// Resolves as Node does: beside the package, then in each folder above.
function isLocked(packages: Record<string, Package>, place: string, name: string): boolean {
  const own = `${place === '' ? '' : `${place}/`}node_modules/${name}`
  if (own in packages) return true
  return (
    place !== '' &&
    isLocked(packages, place.slice(0, Math.max(place.lastIndexOf('node_modules/') - 1, 0)), name)
  )
}
