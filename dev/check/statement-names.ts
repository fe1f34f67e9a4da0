import { type Argument, type Node, Visitor } from 'oxc-parser'
import { parsed } from './parsed.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/** Functions whose first argument names a statement, beside the tag `named`. */
const namers = new Set(['hot', 'refreshed'])
/** The name begins with the row; a part that the code fills in at run time stands as `${…}`. */
const nameOfRow = /^([a-z]+)\.(?:[a-z0-9_-]|\$\{[^}]*\})+$/

type Name = { name: string; at: number }

/** Finds names of statements that do not begin with their row, and names that two statements have. */
export function statementNames(tree: Tree): Finding[] {
  const first = new Map<string, string>()
  return textFiles(tree, '.ts')
    .filter((path) => /^(functions|cron)\//.test(path) && path !== 'functions/core/named.ts')
    .flatMap((path) => {
      const text = tree.read(path)
      return namesIn(path, text).flatMap(({ name, at }) => {
        const where = `${path}:${lineOf(text, at)}`
        const other = first.get(name)
        first.set(name, other ?? where)
        if (other !== undefined) return [{ where, what: `has the name ${name} of the statement in ${other}` }]
        const [, row] = nameOfRow.exec(name) ?? []
        // Core makes names out of those that rows give it.
        if (row === rowOf(path) || (rowOf(path) === 'core' && name.startsWith('${'))) return []
        return [{ where, what: `names a statement ${name}: the name is ${rowOf(path)}.<verb>` }]
      })
    })
}

function rowOf(path: string): string {
  return /^(?:functions|cron)\/([a-z]+)/.exec(path)?.[1] ?? ''
}

function namesIn(path: string, text: string): Name[] {
  const found: Name[] = []
  const note = (node: Argument | undefined | Node) => {
    const name = node === undefined ? null : textOf(node, text)
    if (node !== undefined && name !== null) found.push({ name, at: node.start })
  }
  new Visitor({
    TaggedTemplateExpression: ({ tag }) => {
      if (tag.type !== 'CallExpression' || tag.callee.type !== 'Identifier') return
      if (tag.callee.name === 'named') note(tag.arguments[0])
    },
    CallExpression: ({ callee, arguments: [name] }) => {
      if (callee.type === 'Identifier' && namers.has(callee.name)) note(name)
    },
    Property: ({ key, value }) => {
      if (key.type === 'Identifier' && key.name === 'verb') note(value)
    },
  }).visit(parsed(path, text).program)
  return found
}

/** The text of a literal, with the source of what a template fills in; null for an expression without a text. */
function textOf(node: Node, text: string): string | null {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : null
  return node.type === 'TemplateLiteral' ? text.slice(node.start + 1, node.end - 1) : null
}
