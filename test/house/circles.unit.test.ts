import { describe, expect, it } from 'vitest'
import { circles } from '../../dev/check/circles.ts'
import { planted } from './planted.ts'

describe('circles of imports', () => {
  it('finds two files that import only types of each other', () => {
    const found = circles(
      planted({
        'bench/run.ts': "import type { Rig } from './rig.ts'",
        'bench/rig.ts': "import type { Run } from './run.ts'",
      }),
    )
    expect(found).toEqual([
      {
        where: 'bench/rig.ts',
        what: 'is in a circle of imports: bench/rig.ts → bench/run.ts → bench/rig.ts',
      },
    ])
  })

  it('finds a circle through three files and an import at run time', () => {
    const found = circles(
      planted({
        'dev/a.ts': "import { b } from './b.ts'",
        'dev/b.ts': "export * from './c.ts'",
        'dev/c.ts': "const late = await import('./a.ts')",
      }),
    )
    expect(found.map(({ what }) => what)).toEqual([
      'is in a circle of imports: dev/a.ts → dev/b.ts → dev/c.ts → dev/a.ts',
    ])
  })

  it('finds each of two circles', () => {
    const found = circles(
      planted({
        'dev/a.ts': "import './b.ts'",
        'dev/b.ts': "import './a.ts'",
        'dev/c.ts': "import './a.ts'\nimport './c.ts'",
      }),
    )
    expect(found.map(({ where }) => where)).toEqual(['dev/a.ts', 'dev/c.ts'])
  })

  it('accepts a file that is imported along two paths', () => {
    const diamond = {
      'dev/a.ts': "import './b.ts'\nimport './c.ts'",
      'dev/b.ts': "import './d.ts'",
      'dev/c.ts': "import './d.ts'",
      'dev/d.ts': '',
    }
    expect(circles(planted(diamond))).toEqual([])
  })
})

describe('arrows between columns', () => {
  it.each([
    ['schema/core/tables.ts', '../../functions/core/db.ts'],
    ['functions/core/job.ts', '../../cron/core.ts'],
    ['cron/index.ts', '../worker.ts'],
    ['worker.ts', './dev/system/settings.ts'],
    ['dev/commands/start.ts', '../../bench/rig.ts'],
    ['bench/rig.ts', '../test/support/database.ts'],
  ])('%s may not import %s, not even a type of it', (file, specifier) => {
    const found = circles(planted({ [file]: `\nimport type { X } from '${specifier}'` }))
    expect(found.map(({ where }) => where)).toEqual([`${file}:2`])
    expect(found[0]?.what).toContain('in a column above its own')
  })

  it('accepts an import from a column below', () => {
    const files = {
      'test/core/claim.race.test.ts': "import { claimRow } from '../../functions/core/claim.ts'",
    }
    expect(circles(planted(files))).toEqual([])
  })
})
