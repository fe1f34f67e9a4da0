import { type AST, parseRegExpLiteral, visitRegExpAST } from '@eslint-community/regexpp'
import { Visitor } from 'oxc-parser'
import { getConsumedChars, isPotentiallyEmpty, isPotentiallyZeroLength } from 'regexp-ast-analysis'
import { analyse } from 'scslre'
import { parsed } from './parsed.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/**
 * A literal regular expression of the Worker or the dashboard takes a time linear in its text. scslre finds those in which one
 * run of a character is divided in many ways. `restartingLoop` finds those that are begun anew inside of a longer run.
 */
export function superLinearPatterns(tree: Tree): Finding[] {
  return textFiles(tree, '.ts', '.tsx', '.js')
    .filter((path) => /^(?:functions\/|web\/|cron\/|worker\.ts$)/.test(path))
    .flatMap((path) => {
      const text = tree.read(path)
      return patternsOf(path, text).flatMap(({ at, literal }) => {
        const fault = faultOf(parseRegExpLiteral(literal))
        return fault === null ? [] : [{ where: `${path}:${lineOf(text, at)}`, what: `${literal} ${fault}` }]
      })
    })
}

function faultOf(expression: AST.RegExpLiteral): string | null {
  const { pattern, flags } = expression
  const [divided] = analyse({ pattern, flags }).reports
  if (divided?.type === 'Move') return `searches ${divided.quant.raw} from each place anew: ${remedy}`
  if (divided) return 'divides a run of one character in many ways: let no two loops match the same character'
  const loop = restartingLoop(expression)
  return loop === null ? null : `searches ${loop} from each place anew: ${remedy}`
}

const remedy = 'begin with ^, or let all that follows be optional'

/**
 * A loop without bounds that may fail behind itself, and inside of whose text the same search begins anew. `\"` repeated
 * did that to `"(?:[^"\\]|\\.)*"`, in which no single character is divided.
 */
function restartingLoop({ pattern, flags }: AST.RegExpLiteral): string | null {
  let found: string | null = null
  visitRegExpAST(pattern, {
    onQuantifierEnter(loop) {
      if (loop.max !== Infinity || flags.sticky) return
      const places = placesOf(loop)
      const isAnchored = !flags.multiline && isStart(places.at(-1)?.before[0])
      const mayFail = places.some(
        ({ behind }) => !behind.every((element) => isPotentiallyEmpty(element, flags)),
      )
      const { chars } = getConsumedChars(loop, flags)
      const mayRestart = !places.some(({ before }) =>
        before.some(
          (element) =>
            !isPotentiallyZeroLength(element, flags) &&
            getConsumedChars(element, flags).chars.isDisjointWith(chars),
        ),
      )
      if (!isAnchored && mayFail && mayRestart) found ??= loop.raw
    },
  })
  return found
}

type Place = { before: AST.Element[]; behind: AST.Element[] }

/** The neighbours of this element in each alternative around it, the innermost first. */
function placesOf(node: AST.Node): Place[] {
  const { parent } = node
  if (parent === null) return []
  if (parent.type !== 'Alternative') return placesOf(parent)
  const at = parent.elements.findIndex((element) => element === node)
  return [
    { before: parent.elements.slice(0, at), behind: parent.elements.slice(at + 1) },
    ...placesOf(parent),
  ]
}

function patternsOf(path: string, text: string): { at: number; literal: string }[] {
  const found: { at: number; literal: string }[] = []
  new Visitor({
    Literal: (node) => {
      if ('regex' in node) found.push({ at: node.start, literal: text.slice(node.start, node.end) })
    },
  }).visit(parsed(path, text).program)
  return found
}

const isStart = (element?: AST.Element) => element?.type === 'Assertion' && element.kind === 'start'
