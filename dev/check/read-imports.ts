import { posix } from 'node:path'
import { type ParseResult, Visitor } from 'oxc-parser'

export type Program = ParseResult['program']

/** `specifier` is null when it is computed at run time. */
export type Import = { specifier: string | null; typeOnly: boolean; offset: number }

/** Every import of a file, in each way that TypeScript can write one. */
export function readImports(program: Program): Import[] {
  const found: Import[] = []
  new Visitor({
    ImportDeclaration(node) {
      const inline =
        node.specifiers.length > 0 &&
        node.specifiers.every((one) => one.type === 'ImportSpecifier' && one.importKind === 'type')
      found.push({
        specifier: node.source.value,
        typeOnly: node.importKind === 'type' || inline,
        offset: node.start,
      })
    },
    ExportNamedDeclaration(node) {
      if (!node.source) return
      found.push({ specifier: node.source.value, typeOnly: node.exportKind === 'type', offset: node.start })
    },
    ExportAllDeclaration(node) {
      found.push({ specifier: node.source.value, typeOnly: node.exportKind === 'type', offset: node.start })
    },
    ImportExpression(node) {
      found.push({ specifier: literal(node.source), typeOnly: false, offset: node.start })
    },
    TSImportType(node) {
      found.push({ specifier: node.source.value, typeOnly: true, offset: node.start })
    },
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'require') return
      found.push({ specifier: literal(node.arguments[0]), typeOnly: false, offset: node.start })
    },
  }).visit(program)
  return found
}

/** A path from the root of the repository, `npm:<package>`, `node:<module>` or `cloudflare:<module>`. */
export function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier)
  return /^[a-z]+:/.test(specifier) ? specifier : `npm:${specifier}`
}

function literal(node: { type: string; value?: unknown } | undefined): string | null {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : null
}
