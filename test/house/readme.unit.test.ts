import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const readme = read('README.md')
const settings = [...read('functions/registry/env.ts').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(
  ([, name]) => name ?? '',
)
const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'))

describe('the README', () => {
  it('is compared with settings that exist', () => {
    expect(settings).toEqual(expect.arrayContaining(['DATABASE_URL', 'AUTH_SECRET', 'RATE_WRITE']))
  })

  it.each(settings)('explains the setting %s', (name) => {
    expect(readme).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'))
  })

  it.each(Object.keys(scripts))('explains the command %s', (name) => {
    const command = ['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`
    expect(readme).toMatch(new RegExp(`^\\| \`${command}[\` ]`, 'm'))
  })

  it('tells the command that CI runs', () => {
    expect(read('.ci/run')).toContain('npm ci && npm test')
    expect(readme).toContain('`npm ci && npm test`')
  })
})

describe('ARCHITECTURE.md', () => {
  const table = read('ARCHITECTURE.md').split('\n## Rows and their nouns\n')[1]?.split('\n## ')[0] ?? ''
  const rows = [...table.matchAll(/^\| (\w+) \|.*\| ([\w, ]+) \|$/gm)].map(([, row = '', nouns = '']) => ({
    row,
    nouns: nouns.split(', ').toSorted(),
  }))

  it('has a line for each product', () => {
    expect(rows.map(({ row }) => row)).toEqual(expect.arrayContaining(['ops', 'dispatch', 'fleet']))
  })

  it.each(rows.filter(({ row }) => row !== 'row'))('names the nouns of $row', ({ row, nouns }) => {
    const folders = readdirSync(join(import.meta.dirname, '../../functions', row), { withFileTypes: true })
    expect(nouns).toEqual(
      folders
        .filter((one) => one.isDirectory())
        .map(({ name }) => name)
        .toSorted(),
    )
  })
})
