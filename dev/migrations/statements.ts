export type Statement = { text: string; line: number }

/**
 * Cuts a file at the semicolons that end a statement: not those in strings, quoted names, dollar quotes and comments,
 * nor those inside `begin atomic … end`. Each statement keeps the line on which it starts, so that an error can name it.
 */
export function splitStatements(file: string): Statement[] {
  const statements: Statement[] = []
  let start: number | null = null
  let depth = 0
  for (const { index, 0: token } of file.matchAll(tokens)) {
    if (/^(\s|--|\/\*)/.test(token)) continue
    if (token === ';' && depth === 0) {
      if (start !== null) statements.push({ text: file.slice(start, index), line: lineAt(file, start) })
      start = null
      continue
    }
    start ??= index
    depth = depthAfter(token.toLowerCase(), depth, () => opensBody(file.slice(start ?? index, index)))
  }
  if (start !== null) statements.push({ text: file.slice(start).trimEnd(), line: lineAt(file, start) })
  return statements
}

/** The line, counted from one, of a character. */
export function lineAt(text: string, index: number): number {
  return linesOf(text.slice(0, index)).length
}

/** Postgres ends a line, and with it a comment, at any of these. */
export function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/)
}

// In Postgres a comment may hold comments. A regular expression can follow them only to a depth that it spells out.
const comment = [1, 2, 3, 4].reduce(
  (inner) => String.raw`\/\*(?:${inner}|[^*/]|\*(?!\/)|\/(?!\*))*\*\/`,
  String.raw`\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/`,
)

// In order: comments, strings with backslashes, strings, quoted names, dollar quotes, words, white space, anything else.
export const tokens = new RegExp(
  [
    String.raw`--[^\r\n]*`,
    comment,
    String.raw`\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'`,
    String.raw`'(?:[^']|'')*'`,
    String.raw`"(?:[^"]|"")*"`,
    String.raw`(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1`,
    String.raw`[A-Za-z_][\w$]*`,
    String.raw`\s+`,
    String.raw`[\s\S]`,
  ].join('|'),
  'g',
)

// A `begin` counts only where a routine's body may start: in an ordinary file it would be a transaction's.
function depthAfter(word: string, depth: number, opensBody: () => boolean): number {
  if (word === 'begin' && (depth > 0 || opensBody())) return depth + 1
  if (word === 'case' && depth > 0) return depth + 1
  if (word === 'end' && depth > 0) return depth - 1
  return depth
}

function opensBody(before: string): boolean {
  return /^create\s+(or\s+replace\s+)?(function|procedure)\b/i.test(before)
}
