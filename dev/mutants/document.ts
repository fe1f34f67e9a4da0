import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMain } from '../system/main-module.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'

const root = join(import.meta.dirname, '../..')
const page = join(root, 'GUARANTEES.md')
const mark = '<!-- The rest is written by: node dev/mutants/document.ts -->'

/** The guarantees of the primitives: each file of the table in ARCHITECTURE.md with its sentences. */
export function guarantees(architecture: string): Map<string, string> {
  const [, table = ''] = architecture.split('\n| primitive | guarantee |\n')
  const rows = table.split('\n\n', 1)[0]?.matchAll(/^\| `(core\/[\w-]+\.ts)` \| (.+) \|$/gm) ?? []
  return new Map([...rows].map(([, file = '', sentences = '']) => [file, sentences]))
}

/** Each guarantee with the command that shows it, and the changes that break it. A test compares it with GUARANTEES.md. */
export function guaranteesAsMarkdown(architecture: string, all: readonly Mutant[] = mutants): string {
  const sentences = guarantees(architecture)
  const sections = Map.groupBy(all, ({ breaks }) => breaks)
  return [...sections].map(([breaks, those]) => section(breaks, sentences.get(breaks), those)).join('\n\n')
}

function section(breaks: string, sentences: string | undefined, those: readonly Mutant[]): string {
  const tests = [...new Set(those.flatMap((mutant) => mutant.tests))]
  return [
    `### ${sentences === undefined ? breaks : `\`${breaks}\``}`,
    ...(sentences === undefined ? [] : ['', sentences]),
    '',
    '```',
    `npx vitest run ${tests.join(' \\\n  ')}`,
    `npm run mutants -- '${breaks}'`,
    '```',
    '',
    '| in | a mutant that |',
    '|---|---|',
    ...those.map(({ file, name }) => `| \`${file}\` | ${name} |`),
  ].join('\n')
}

if (isMain(import.meta)) {
  const [introduction = ''] = readFileSync(page, 'utf8').split(mark)
  const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  writeFileSync(page, `${introduction}${mark}\n\n${guaranteesAsMarkdown(architecture)}\n`)
}
