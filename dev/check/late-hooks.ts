import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

const indented = /^[ \t]+afterAll\(/gm

/** Vitest ignores an `afterAll` that is registered while a test runs, so what it should close outlives the file. */
export function lateHooks(tree: Tree): Finding[] {
  return textFiles(tree, '.ts')
    .filter((path) => path.startsWith('test/'))
    .flatMap((path) => {
      const text = tree.read(path)
      return [...text.matchAll(indented)].map((found) => ({
        where: `${path}:${lineOf(text, found.index)}`,
        what: 'registers afterAll inside a function: use atTheEnd of test/support/at-the-end.ts',
      }))
    })
}
