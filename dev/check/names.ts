import type { Finding, Tree } from './tree.ts'

const kinds = '(?:utils?|types?|helpers?|common|constants?|shared|misc)'
const namedAfterKind = new RegExp(`^(?:.+[-_.])?${kinds}(?:\\.|$)`)

/** Finds files and folders named after a kind of code. Such a name attracts unrelated code. */
export function kindNames(tree: Tree): Finding[] {
  return tree.paths
    .filter((path) => path.split('/').some((part) => namedAfterKind.test(part)))
    .map((path) => ({ where: path, what: 'is named after a kind of code: name it after what it does' }))
}
