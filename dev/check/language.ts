import { type Node, Visitor } from 'oxc-parser'
import { parsed } from './parsed.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/** These two files must contain the words that the check refuses. */
const exempt = ['dev/check/language.ts', 'test/house/language.unit.test.ts']

// A sentence with a free relative as its subject names no actor. After a colon a new sentence begins as well.
const opening = /(?:^|[.:!?]\s+)(What|Who|Whom|Whose|Whoever|Whatever|One (?:that|who|which))\b(?![^.!?]*\?)/g

/** A word of the old dialect, and the term that the field has for it. */
export const dialect: [RegExp, string][] = [
  [/\b(?:hears?|heard|hearing)\b/gi, 'receive, subscribe'],
  [/\b(?:tells?|told|telling)\b/gi, 'report, return, emit'],
  [/\basked\b/gi, 'query, request'],
  [/\bjudge(?:s|d)?\b/gi, 'decide, check'],
  [/\bverdict\b/gi, 'decision'],
  [/\b(?:un)?seal(?:s|ed)?\b(?!\.ts)/gi, 'encrypt, decrypt'],
  [/\bworks? off\b|\bwork-off\b(?!\.ts)/gi, 'delivery run'],
  [/\bqueue-deliveries\b(?!\.ts)/gi, 'fan-out'],
  [/\bkeeps? house\b|\bkeep-house\b(?!\.ts)/gi, 'partition upkeep'],
  [/\bhostile\b/gi, 'untrusted, lenient parser'],
  [/\bsane\b/gi, 'valid'],
  [/\b(?:whoever|whatever)\b/gi, 'who it is'],
  [/\bnothing to say\b/gi, 'no content'],
]

/*
 * Left to review, because a pattern cannot distinguish the ordinary meaning: listen, target, place, position,
 * books, hold, move, steer, converse, desk, stage, world, ear, gate, lamps. Neither the length of a sentence nor a
 * missing actor is checked, nor a text that a template assembles, nor SQL comments inside a template.
 */

type Text = { at: number; text: string }

/** Comments, and texts that a client or an operator reads, in the words of the field and with an actor. */
export function dialectWords(tree: Tree): Finding[] {
  return textFiles(tree, '.ts', '.tsx')
    .filter((path) => !exempt.includes(path))
    .flatMap((path) => {
      const source = tree.read(path)
      return textsOf(path, source).flatMap(({ at, text }) =>
        faultsOf(text).map((what) => ({ where: `${path}:${lineOf(source, at)}`, what })),
      )
    })
}

function faultsOf(text: string): string[] {
  const prose = text.replaceAll(/`[^`]*`/g, '``')
  return [
    ...[...prose.matchAll(opening)].map(([, word]) => `begins a sentence with ${word}: name the actor`),
    ...dialect.flatMap(([word, term]) =>
      [...prose.matchAll(word)].map(([found]) => `says ${found}: write ${term}`),
    ),
  ]
}

function textsOf(path: string, source: string): Text[] {
  const { comments, program } = parsed(path, source)
  const spoken: Text[] = []
  const note = (node: Node, text: string) => {
    if (isProse(text)) spoken.push({ at: node.start, text })
  }
  new Visitor({
    Literal: (node) => {
      if (typeof node.value === 'string') note(node, node.value)
    },
    TemplateLiteral: (node) => note(node, node.quasis.map(({ value }) => value.cooked ?? '').join('…')),
  }).visit(program)
  return [...joined(comments, source), ...spoken]
}

/** A text begins with a capital and has words; identifiers, headers, SQL and patterns do not. */
function isProse(text: string): boolean {
  return /^[A-Z][^\n]* [^\n]*$/.test(text)
}

/** Lines of `//` that follow each other are one comment. */
function joined(comments: { start: number; end: number; value: string }[], source: string): Text[] {
  const texts: (Text & { end: number })[] = []
  for (const { start, end, value } of comments) {
    const text = value.replaceAll(/^\s*\*+\s?/gm, '').trim()
    const last = texts.at(-1)
    if (last !== undefined && /^\n[ \t]*$/.test(source.slice(last.end, start))) {
      last.text += ` ${text}`
      last.end = end
    } else texts.push({ at: start, end, text: text.replaceAll(/\s+/g, ' ') })
  }
  return texts
}
