import type { Finding, Tree } from './tree.ts'

const kinds = '(?:utils?|types?|helpers?|common|constants?|shared|misc)'
const namedAfterKind = new RegExp(`^(?:.+[-_.])?${kinds}(?:\\.|$)`)

/** A file or folder is named after what it does; one named after a kind of code collects strangers. */
export function kindNames(tree: Tree): Finding[] {
  return tree.paths
    .filter((path) => path.split('/').some((part) => namedAfterKind.test(part)))
    .map((path) => ({ where: path, what: 'is named after a kind of code: name it after what it does' }))
}
