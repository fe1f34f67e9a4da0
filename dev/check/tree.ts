import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The repository as the checks see it: paths with forward slashes from its root, and their text. */
export type Tree = { paths: string[]; read: (path: string) => string }

/** One breach: its place, and how to mend it. */
export type Finding = { where: string; what: string }

// Walks the disk and not git's index, so that new files are checked too, and an archive without git works.
export function readTree(root: string): Tree {
  const ignored = ignoredNames(root)
  const paths = readdirSync(root, { withFileTypes: true })
    .filter((entry) => !ignored.has(entry.name))
    .flatMap((entry) =>
      entry.isDirectory() ? filesBelow(root, join(root, entry.name)) : entry.isFile() ? [entry.name] : [],
    )
    .toSorted()
  return { paths, read: (path) => readFileSync(join(root, path), 'utf8') }
}

export function textFiles(tree: Tree, ...extensions: string[]): string[] {
  return tree.paths.filter((path) => extensions.some((extension) => path.endsWith(extension)))
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !/(^|\/)(node_modules|\.wrangler)\//.test(path))
}

function ignoredNames(root: string): Set<string> {
  const lines = readFileSync(join(root, '.gitignore'), 'utf8').split('\n')
  return new Set(['.git', ...lines.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1))])
}
