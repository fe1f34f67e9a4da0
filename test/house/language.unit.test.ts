import { describe, expect, it } from 'vitest'
import { dialect, dialectWords } from '../../dev/check/language.ts'
import { planted } from './planted.ts'

const found = (text: string, path = 'functions/core/guard.ts') =>
  dialectWords(planted({ [path]: text })).map(({ what }) => what)

describe('the language check', () => {
  it.each([
    ['/** What the lock protects. */', 'What'],
    ['// Who holds it writes.', 'Who'],
    ['/**\n * Whoever holds it writes.\n */', 'Whoever'],
    ['/** One that waits is served. */', 'One that'],
    ['// The lock is free. What waits goes on.', 'What'],
    ['/** Guarantee: what is sent arrives. How it fails: What is lost stays. */', 'What'],
    ["export const text = { summary: 'What happened to the order' }", 'What'],
    ["throw new AppError('conflict', 'Whatever you sent is refused')", 'Whatever'],
    ['export const text = `What order ${id} holds`', 'What'],
  ])('finds a sentence that names no actor: %s', (text, word) => {
    expect(found(text)).toContain(`begins a sentence with ${word}: name the actor`)
  })

  it.each([
    ['// A client hears of each event.', 'hears'],
    ['// The log tells the cost.', 'tells'],
    ['// The row is not asked again.', 'asked'],
    ['// The command is judged under the lock.', 'judged'],
    ['// The verdict is final.', 'verdict'],
    ['// The secret is sealed.', 'sealed'],
    ['// See the work-off.', 'work-off'],
    ['// See queue-deliveries.', 'queue-deliveries'],
    ['// See keep-house.', 'keep-house'],
    ['// Parse the body as hostile.', 'hostile'],
    ["export const text = { description: 'The id, if it was sane' }", 'sane'],
    ['// It goes to whoever comes first.', 'whoever'],
    ["export const text = { 204: 'Nothing to say' }", 'Nothing to say'],
  ])('finds a word of the dialect: %s', (text, word) => {
    expect(found(text).some((what) => what.startsWith(`says ${word}: write `))).toBe(true)
  })

  it('has a planted fault for every word of its list', () => {
    expect(dialect).toHaveLength(12 + 1)
  })

  it.each([
    '/** The caller says what it expects. */',
    '// Which worker holds it? What happens next? The fence decides.',
    '// The file core/encrypt.ts encrypts; see `told` in `heard.ts`.',
    "export const told = 'What'",
    "export const header = 'x-told-asked'",
    'export const judged = sql`select what from judged`',
  ])('accepts plain text and identifiers: %s', (text) => {
    expect(found(text)).toEqual([])
  })

  it('names the line of the fault', () => {
    const tree = planted({ 'functions/http/page.ts': 'const a = 1\n\n// Who asks waits.\n' })
    expect(dialectWords(tree).map(({ where }) => where)).toEqual(['functions/http/page.ts:3'])
  })

  it.each(['schema/space/tables.ts', 'test/core/claim.race.test.ts', 'dev/migrations/plan.ts', 'worker.ts'])(
    'reads every folder, for example %s',
    (path) => {
      expect(found('// Who asks waits.', path)).toHaveLength(1)
    },
  )
})
