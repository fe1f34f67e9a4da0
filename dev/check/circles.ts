import { parsed } from './parsed.ts'
import { readImports, targetOf } from './read-imports.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/** The columns from the bottom up. A file imports from its own column and from those below it. */
const columns = ['schema', 'functions', 'cron', 'worker.ts', 'web', 'dev', 'bench', 'test'] as const

type Arrow = { from: string; to: string; line: number }

/** Type imports count: two files that need each other's types cannot be read one after the other. */
export function circles(tree: Tree): Finding[] {
  const arrows = arrowsOf(tree)
  const circular = circlesOf(arrows).map((circle) => ({
    where: circle[0] ?? '',
    what: `is in a circle of imports: ${[...circle, circle[0]].join(' → ')}`,
  }))
  const upward = arrows
    .filter(({ from, to }) => heightOf(from) < heightOf(to))
    .map(({ from, to, line }) => ({
      where: `${from}:${line}`,
      what: `imports ${to}, which is in a column above its own: ${columns.join(' < ')}`,
    }))
  return [...circular, ...upward]
}

function arrowsOf(tree: Tree): Arrow[] {
  return textFiles(tree, '.ts', '.js').flatMap((from) => {
    const text = tree.read(from)
    return readImports(parsed(from, text).program).flatMap(({ specifier, offset }) =>
      specifier?.startsWith('.') ? [{ from, to: targetOf(from, specifier), line: lineOf(text, offset) }] : [],
    )
  })
}

/** A file outside the columns, such as a configuration file, may import anything and is imported by none. */
function heightOf(path: string): number {
  const height = columns.findIndex((column) => path === column || path.startsWith(`${column}/`))
  return height === -1 ? columns.length : height
}

/** One shortest circle for each set of files that reach each other. */
function circlesOf(arrows: Arrow[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to])
  const found: string[][] = []
  const reported = new Set<string>()
  for (const file of [...next.keys()].toSorted()) {
    if (reported.has(file)) continue
    const circle = shortestCircle(next, file)
    if (circle.length === 0) continue
    for (const member of circle) reported.add(member)
    found.push(circle)
  }
  return found
}

/** Breadth first from the file until an arrow leads back to it. Empty if none does. */
function shortestCircle(next: Map<string, string[]>, start: string): string[] {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const file of queue)
    for (const to of next.get(file) ?? []) {
      if (to === start) return pathTo(file, cameFrom)
      if (cameFrom.has(to)) continue
      cameFrom.set(to, file)
      queue.push(to)
    }
  return []
}

function pathTo(end: string, cameFrom: Map<string, string>): string[] {
  const before = cameFrom.get(end)
  return before === undefined ? [end] : [...pathTo(before, cameFrom), end]
}
