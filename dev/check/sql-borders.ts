import { type Node, Visitor } from 'oxc-parser'
import { parsed } from './parsed.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/** Rows without a Postgres schema of their own: their tables stand in core's. */
const guestsOfCore: readonly string[] = ['ops']

type Exception = { file: string; names: string; why: string }

/** The tables of core that another row's SQL names today. */
const exceptions: readonly Exception[] = [
  {
    file: 'schema/dispatch/remove_old_events.sql',
    names: 'core.feed_positions',
    why: 'retention records how far it has removed the feed, and core has no function for it',
  },
  {
    file: 'schema/ledger/refresh_aggregate_views.sql',
    names: 'core.view_refreshes',
    why: 'a view that waits for the folding of its source is confirmed without a refresh',
  },
]

type Table = { guests?: readonly string[]; exceptions?: readonly Exception[] }

/** SQL of a row names its own Postgres schema and `core`, and of core only functions, never tables. */
export function sqlBorders(tree: Tree, table: Table = {}): Finding[] {
  const { guests = guestsOfCore, exceptions: allowed = exceptions } = table
  const schemas = new Set(
    tree.paths.flatMap((path) => /^schema\/([a-z]+)\/tables(?:\/[a-z-]+)?\.ts$/.exec(path)?.[1] ?? []),
  )
  const used = new Set<Exception>()
  const crossings = textFiles(tree, '.ts', '.sql').flatMap((path) => {
    const row = rowOf(path)
    if (row === null) return []
    return namesIn(path, tree.read(path), schemas).flatMap(({ schema, name, line }) => {
      if (schema === row || (schema === 'core' && (guests.includes(row) || isFunction(tree, name)))) return []
      const exception = allowed.find((one) => one.file === path && one.names === `${schema}.${name}`)
      if (exception) {
        used.add(exception)
        return []
      }
      const way = schema === 'core' ? 'a function or fragment of core' : 'the events of that row'
      return [{ where: `${path}:${line}`, what: `names ${schema}.${name}, beyond its border: use ${way}` }]
    })
  })
  const idle = allowed
    .filter((one) => !used.has(one))
    .map(({ file, names }) => ({ where: file, what: `no longer names ${names}: delete its exception` }))
  const settled = guests
    .filter((row) => schemas.has(row))
    .map((row) => ({ where: `schema/${row}`, what: 'has tables of its own: it is no guest of core' }))
  return [...crossings, ...idle, ...settled]
}

const shared = new Set(['core', 'http', 'registry', 'kit', 'migrations'])

/** Null for a file of core, of what all rows share, or of no row. */
function rowOf(path: string): string | null {
  const [, row] = /^(?:functions|schema|cron)\/([a-z]+)(?:\/|\.ts$)/.exec(path) ?? []
  return row === undefined || shared.has(row) || path === 'cron/index.ts' ? null : row
}

// Each function and view of core has a file of its name.
function isFunction(tree: Tree, name: string): boolean {
  return tree.paths.includes(`schema/core/${name}.sql`)
}

type Named = { schema: string; name: string; line: number }

function namesIn(path: string, text: string, schemas: ReadonlySet<string>): Named[] {
  // A name that is put together at run time ends at its dot, and is found as `core.…`.
  const qualified = new RegExp(`(?<![\\w.$])"?(${[...schemas].join('|')})"?\\."?([a-z_]\\w*|$)`, 'g')
  return textsOf(path, text).flatMap(({ at, sql }) =>
    [...sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, blank).matchAll(qualified)].map((found) => ({
      schema: found[1] ?? '',
      name: found[2] || '…',
      line: lineOf(text, at + found.index),
    })),
  )
}

type Text = { at: number; sql: string }

/** The whole of a .sql file; of a .ts file each literal, because a name may reach SQL by way of a variable. */
function textsOf(path: string, text: string): Text[] {
  if (path.endsWith('.sql')) return [{ at: 0, sql: text }]
  const found: Text[] = []
  const note = ({ start, end }: Node) => found.push({ at: start + 1, sql: text.slice(start + 1, end - 1) })
  new Visitor({
    Literal: (node) => {
      if (typeof node.value === 'string') note(node)
    },
    TemplateElement: (node) => found.push({ at: node.start, sql: node.value.raw }),
  }).visit(parsed(path, text).program)
  return found
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
