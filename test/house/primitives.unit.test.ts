import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const core = join(root, 'functions/core')
const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

const primitives = readdirSync(core)
  .map((file) => ({
    file,
    opening: /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(join(core, file), 'utf8'))?.[0] ?? '',
  }))
  .filter(({ opening }) => /^ \* Guarantee:/m.test(opening))

describe('the primitives', () => {
  it('are found by their guarantee', () => {
    expect(primitives.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['claim.ts', 'guard.ts', 'idempotency.ts']),
    )
  })

  it.each(primitives)('$file has its guarantee in ARCHITECTURE.md', ({ file }) => {
    expect(architecture).toContain(`| \`core/${file}\` |`)
  })
})
