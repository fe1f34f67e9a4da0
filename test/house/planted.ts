import type { Tree } from '../../dev/check/tree.ts'

/** A tree that exists in memory only: what a check must find is planted in it. */
export function planted(files: Record<string, string>): Tree {
  return { paths: Object.keys(files).toSorted(), read: (path) => files[path] ?? '' }
}
