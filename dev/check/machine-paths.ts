import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

// Character classes keep this file from matching itself.
const machinePath = /(?<![\w.:/])[/](?:work|root|home[/]\w+|tmp[/]bash\w*)\b[^\s'"`)]*|[.][.][/]shared\b/g

/** Finds absolute paths of a developer's machine; they mean nothing on another one. */
export function machinePaths(tree: Tree): Finding[] {
  const readable = [
    '.ts',
    '.sql',
    '.md',
    '.json',
    '.toml',
    '.js',
    '.html',
    '.css',
    '.yml',
    '.ci/run',
    '.gitignore',
  ]
  return textFiles(tree, ...readable).flatMap((path) => {
    const text = tree.read(path)
    return [...text.matchAll(machinePath)].map((found) => ({
      where: `${path}:${lineOf(text, found.index)}`,
      what: `names ${found[0]}, a path of one machine`,
    }))
  })
}
