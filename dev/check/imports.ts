import { Visitor } from 'oxc-parser'
import { importTable, type Row, reservedNames } from './import-table.ts'
import { parsed } from './parsed.ts'
import { type Program, readImports, targetOf } from './read-imports.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

export function importBreaches(tree: Tree, table: Row[] = importTable): Finding[] {
  return textFiles(tree, '.ts', '.tsx', '.js').flatMap((file) => breachesOf(file, tree.read(file), table))
}

function breachesOf(file: string, text: string, table: Row[]): Finding[] {
  const home = homeOf(file, table)
  if (!home) return [{ where: file, what: 'has no home: no row of dev/check/import-table.ts fits its path' }]
  const { row, module } = home
  const { program } = parsed(file, text)
  const imports = readImports(program).flatMap(({ specifier, typeOnly, offset }) => {
    const target = specifier === null ? 'computed' : targetOf(file, specifier)
    if (row.may.some((pattern) => allows(pattern, target, typeOnly, module))) return []
    const what = `imports ${target}; ${row.file} may import ${row.may.length > 0 ? `only ${row.may.join(', ')}` : 'nothing'}`
    return [{ where: `${file}:${lineOf(text, offset)}`, what }]
  })
  const impurities = row.pure
    ? readImpurities(program).map(({ name, offset }) => ({
        where: `${file}:${lineOf(text, offset)}`,
        what: `uses ${name}; ${row.file} decides on paper: take the value as an argument`,
      }))
    : []
  return [...imports, ...impurities]
}

function homeOf(file: string, table: Row[]): { row: Row; module: string } | null {
  for (const row of table) {
    const found = patternOf(row.file, null).exec(file)
    if (found) return { row, module: found.groups?.['module'] ?? '' }
  }
  return null
}

function allows(pattern: string, target: string, typeOnly: boolean, module: string): boolean {
  const forTypes = pattern.startsWith('type ')
  if (forTypes && !typeOnly) return false
  return patternOf(forTypes ? pattern.slice('type '.length) : pattern, module).test(target)
}

const modulePattern = '(?<module>(?!(?:core|http|registry)\\b)[a-z][a-z0-9-]*)'
const verbPattern = `(?!(?:${reservedNames.join('|')})\\.ts$)[a-z][a-z0-9-]*`
const rowPattern = '(?<module>(?!(?:kit|migrations)\\b)[a-z][a-z0-9-]*)'
const partsOfPattern = /<m>|<row>|<verb>|\*\*|[*{,}]|[.+?^$()|[\]\\]/g

function patternOf(pattern: string, module: string | null): RegExp {
  const source = pattern.replaceAll(partsOfPattern, (part) => {
    if (part === '<m>') return module ?? modulePattern
    if (part === '<row>') return module ?? rowPattern
    if (part === '<verb>') return verbPattern
    if (part === '**') return '.+'
    if (part === '*') return '[^/]+'
    if (part === '{') return '(?:'
    if (part === ',') return '|'
    if (part === '}') return ')'
    return `\\${part}`
  })
  return new RegExp(`^${source}$`)
}

const impureGlobals = new Set([
  'crypto',
  'performance',
  'fetch',
  'setTimeout',
  'setInterval',
  'process',
  'caches',
])

function readImpurities(program: Program): { name: string; offset: number }[] {
  const found: { name: string; offset: number }[] = []
  new Visitor({
    NewExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'Date') return
      if (node.arguments.length === 0) found.push({ name: 'new Date()', offset: node.start })
    },
    MemberExpression(node) {
      if (node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return
      const name = `${node.object.name}.${node.property.name}`
      if (name === 'Date.now' || name === 'Math.random') found.push({ name, offset: node.start })
      else if (impureGlobals.has(node.object.name)) found.push({ name: node.object.name, offset: node.start })
    },
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || !impureGlobals.has(node.callee.name)) return
      found.push({ name: node.callee.name, offset: node.start })
    },
  }).visit(program)
  return found
}
