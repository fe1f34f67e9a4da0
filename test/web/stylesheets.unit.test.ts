import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../../dev/system/project.ts'
import { stylesheets } from '../../dev/system/web.ts'

const web = join(projectRoot, 'web')
const read = (path: string) => readFileSync(join(web, path), 'utf8')
const sources = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /\.(?:tsx?|html)$/.test(path),
)
const textOf = (paths: readonly string[]) => paths.map(read).join('\n')

/** The classes that a stylesheet names. */
function classesOf(css: string): string[] {
  const selectors = css.replaceAll(/\/\*[\s\S]*?\*\/|"[^"]*"|\{[^{}]*\}/g, ' ')
  return [...new Set([...selectors.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name))]
}

/** `size-4` is written as `size-${size}` in a source. */
function names(source: string, name: string): boolean {
  const word = new RegExp(`[\\s"'\`]${name}(?![\\w-])`)
  return word.test(source) || (/-\w+$/.test(name) && source.includes(`${name.replace(/-\w+$/, '-')}\${`))
}

/** Classes that no source near the stylesheet has. Those of uPlot are in its own markup. */
function strangers(path: string, css = read(path)): string[] {
  const folder = dirname(path)
  const rows = [...new Set(sources.map((file) => dirname(file)))].filter(
    (row) => !['.', 'parts', 'docs'].includes(row),
  )
  // A row may style a part within it.
  const near = sources.filter((file) => [folder, 'parts'].includes(dirname(file)) || dirname(file) === '.')
  return classesOf(css).filter((name) => {
    if (name === 'uplot' || name.startsWith('u-') || names(textOf(near), name)) return false
    const using = rows.filter((row) => names(textOf(sources.filter((file) => dirname(file) === row)), name))
    return folder === 'parts' || folder === '.' ? using.length < 2 : true
  })
}

describe('each rule stands beside what it is for, so that it leaves with its row', () => {
  it.each(stylesheets())('%s', (path) => {
    expect(strangers(path)).toEqual([])
  })

  it('and a rule that nobody uses, or that another row uses, is found', () => {
    expect(strangers('parts/table.css', '.in-no-source { color: red }')).toEqual(['in-no-source'])
    expect(strangers('parts/table.css', '.board { color: red }')).toEqual(['board'])
    expect(strangers('fleet/style.css', '.tile .board { color: red }')).toEqual(['board'])
  })
})
