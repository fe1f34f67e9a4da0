import { type ParseResult, parseSync } from 'oxc-parser'

const known = new Map<string, { text: string; result: ParseResult }>()

/** The syntax tree of a file. Most checks read the same files, and each is parsed once for all of them. */
export function parsed(path: string, text: string): ParseResult {
  const found = known.get(path)
  if (found?.text === text) return found.result
  const result = parseSync(path, text)
  known.set(path, { text, result })
  return result
}
