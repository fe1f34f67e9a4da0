import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { counted, noun } from '../../web/parts/numbers.ts'

describe('a count beside a noun', () => {
  it('has the singular for one, and else the plural', () => {
    expect([0, 1, 2].map((count) => counted(count, 'alert'))).toEqual(['0 alerts', '1 alert', '2 alerts'])
    expect(counted(1, 'box', 'boxes')).toBe('1 box')
    expect(counted(1_200, 'box', 'boxes')).toBe('1\u202f200 boxes')
    expect([1, null].map((count) => noun(count, 'has', 'have'))).toEqual(['has', 'have'])
  })

  it('is written by one function on all pages', () => {
    const web = join(import.meta.dirname, '../../web')
    const files = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.tsx?$/.test(name),
    )
    const ownPlural = /=== 1 \? '([a-z]+)' : '\1/
    const found = files.filter((name) => ownPlural.test(readFileSync(join(web, name), 'utf8')))
    expect(found).toEqual([])
  })
})
