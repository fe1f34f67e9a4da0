import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { guarantees, guaranteesAsMarkdown } from '../../dev/mutants/document.ts'
import { mutate } from '../../dev/mutants/mutant.ts'
import { mutants } from '../../dev/mutants/mutants.ts'
import { outcomeOf } from '../../dev/mutants/outcome.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

describe('the mutants', () => {
  it('each have a text that occurs exactly once in its file, and that the mutant changes', () => {
    const stale = mutants.flatMap((mutant) => {
      try {
        const source = read(mutant.file)
        return mutate(source, mutant) === source ? [`${mutant.name} changes nothing`] : []
      } catch (error) {
        return [String(error)]
      }
    })
    expect(stale).toEqual([])
  })

  it('name test files that exist', () => {
    expect(mutants.flatMap(({ tests }) => tests).filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  it('have one name each within their guarantee and file', () => {
    const names = mutants.map(({ breaks, file, name }) => `${breaks} ${file} ${name}`)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it('break every guarantee of ARCHITECTURE.md, and no primitive that it does not name', () => {
    const broken = new Set(mutants.map(({ breaks }) => breaks).filter((breaks) => breaks.startsWith('core/')))
    const promised = [...guarantees(read('ARCHITECTURE.md')).keys()]
    expect(promised.length).toBeGreaterThan(15)
    expect([...broken].toSorted()).toEqual(promised.toSorted())
  })

  it('stand in GUARANTEES.md: after a change run node dev/mutants/document.ts', () => {
    expect(read('GUARANTEES.md')).toContain(guaranteesAsMarkdown(read('ARCHITECTURE.md')))
  })
})

describe('a mutant', () => {
  const mutant = {
    name: 'a defect',
    breaks: 'core/claim.ts',
    file: 'a.ts',
    text: 'for update',
    becomes: '$&',
  }

  it('replaces its text literally', () => {
    expect(mutate('select for update', mutant)).toBe('select $&')
  })

  it.each(['select', 'for update for update'])(
    'is refused where its text is missing or repeated: %s',
    (source) => {
      expect(() => mutate(source, mutant)).toThrow(/occurs [02] times/)
    },
  )

  const failed = (message: string) => [{ name: 'a claim', message }]

  it('is killed by a test that fails', () => {
    const outcome = outcomeOf(failed('expected 2 to be 1'), { passed: false })
    expect(outcome).toEqual({ killed: true, how: 'a claim: expected 2 to be 1' })
  })

  it('survives when every test passes', () => {
    expect(outcomeOf([], { passed: true }).killed).toBe(false)
  })

  it.each([
    ['no test ran', []],
    ['its SQL cannot be parsed', failed('syntax error at or near "and"')],
    ['its code cannot be loaded', failed('lock is not defined')],
  ])('survives when %s', (_, tests) => expect(outcomeOf(tests, { passed: false }).killed).toBe(false))
})
