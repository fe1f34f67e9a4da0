import { posix } from 'node:path'
import { reservedNames } from './import-table.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

const codeSpan = /(?<!`)`([^`\n]+)`(?!`)/g
const link = /\]\(([^)\s]+)\)/g
const script = /\bnpm run ([a-z][\w:-]*)/g
const pathLike = /^[\w.@*<>{},-]+(?:\/[\w.@*<>{},-]+)*\/?$/
const fileLike = /\.(?:ts|js|mjs|md|sql|toml|json|html|css)$/

/** Finds names in documents that do not exist: files and folders in backticks, targets of links, npm scripts. */
export function documentPaths(tree: Tree): Finding[] {
  const folders = foldersOf(tree.paths)
  const known = [...tree.paths, ...folders]
  const scripts = scriptsOf(tree)
  return textFiles(tree, '.md').flatMap((document) => {
    const text = tree.read(document)
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ' '))
    const named = [...prose.matchAll(codeSpan)].filter(([, name]) => isPath(name ?? '', folders))
    const linked = [...prose.matchAll(link)].filter(([, to]) => !/^(?:[a-z]+:|#)/.test(to ?? ''))
    const missing = [
      ...named.filter(([, name]) => !exists(name ?? '', known)),
      ...linked.filter(([, to]) => !known.includes(linkTarget(document, to ?? ''))),
    ].map((found) => ({ at: found.index, what: `names ${found[1]}, which does not exist` }))
    const unknown = [...text.matchAll(script)]
      .filter(([, name]) => !scripts.has(name ?? ''))
      .map((found) => ({
        at: found.index,
        what: `says npm run ${found[1]}, which package.json does not have`,
      }))
    return [...missing, ...unknown].map(({ at, what }) => ({
      where: `${document}:${lineOf(text, at)}`,
      what,
    }))
  })
}

// `text/event-stream` has a slash and is no path. So without an extension the first name must be a folder here.
function isPath(name: string, folders: string[]): boolean {
  if (!pathLike.test(name) || isMadeAtRunTime(name)) return false
  if (fileLike.test(name) || name.endsWith('/')) return true
  return name.includes('/') && folders.includes(name.split('/')[0] ?? '')
}

function isMadeAtRunTime(name: string): boolean {
  return /^(?:\.lockstep|node_modules|dist|\.wrangler)\b/.test(name)
}

// A short form is accepted (`core/db.ts` for functions/core/db.ts), and so is a suffix that a file has
// (`.race.test.ts`). A pattern or a reserved name may describe future files. The folder before the first placeholder
// must exist.
function exists(name: string, known: string[]): boolean {
  if (reservedNames.includes(name.replace(/\.ts$/, ''))) return true
  if (/^(?:\.\w+)+$/.test(name)) return known.some((path) => path.endsWith(name))
  const placeholder = name.search(/[*<{]/)
  const fixed = placeholder === -1 ? name : name.slice(0, name.lastIndexOf('/', placeholder) + 1)
  const wanted = fixed.replace(/\/$/, '')
  return wanted === '' || known.some((path) => path === wanted || path.endsWith(`/${wanted}`))
}

function linkTarget(document: string, to: string): string {
  const path = to.replace(/#.*$/, '')
  return posix.join(posix.dirname(document), path).replace(/\/$/, '')
}

function foldersOf(paths: string[]): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) folders.add(folder)
  }
  return [...folders]
}

function scriptsOf(tree: Tree): Set<string> {
  const parsed: unknown = tree.paths.includes('package.json') ? JSON.parse(tree.read('package.json')) : {}
  const scripts = parsed && typeof parsed === 'object' && 'scripts' in parsed ? parsed.scripts : {}
  return new Set(Object.keys(scripts ?? {}))
}
