import { describe, expect, it } from 'vitest'
import { AppError, orThrow } from '../../functions/core/errors.ts'
import {
  DatabaseError,
  hasSqlstate,
  leavesDoubt,
  retryOf,
  sqlstates,
  toProblem,
} from '../../functions/core/sqlstate.ts'
import { problems } from '../../functions/registry/problems.ts'

describe('retryOf', () => {
  it('repeats whole transactions only after a serialization failure or a deadlock', () => {
    const repeatable = Object.keys(sqlstates).filter((state) => retryOf(state) === 'transaction')
    expect(repeatable).toEqual(['40001', '40P01'])
  })

  it('never repeats after an unknown state, and retries later when no server answered', () => {
    expect(retryOf('XX000')).toBe('never')
    expect(retryOf(null)).toBe('later')
  })
})

describe('leavesDoubt', () => {
  it.each([null, '08006', '08P01', '57P01', '57P02'])('after %s the effect may exist', (state) => {
    expect(leavesDoubt(state)).toBe(true)
  })
  it.each(['40001', '57014', '23505', '25P04', '53300', '57P03'])('after %s it cannot', (state) => {
    expect(leavesDoubt(state)).toBe(false)
  })
})

describe('toProblem', () => {
  const cases: [string | null, string, string][] = [
    [null, 'unavailable', 'no answer'],
    ['08006', 'unavailable', 'a connection failure'],
    ['57P01', 'unavailable', 'a shutdown'],
    ['57P03', 'unavailable', 'a server that starts'],
    ['53300', 'unavailable', 'too many connections'],
    ['53100', 'unavailable', 'a full disk'],
    ['53200', 'unavailable', 'no memory'],
    ['53400', 'unavailable', 'a limit of the configuration'],
    ['53000', 'unavailable', 'a lack that has no state of its own'],
    ['58030', 'unavailable', 'a failed read or write'],
    ['58P01', 'unavailable', 'a missing file of the database'],
    ['25006', 'unavailable', 'a primary that became a standby'],
    ['57014', 'timeout', 'statement_timeout'],
    ['25P04', 'timeout', 'transaction_timeout'],
    ['55P03', 'busy', 'lock_timeout'],
    ['40001', 'busy', 'a conflict that outlasted its repetitions'],
    ['40P01', 'busy', 'a deadlock'],
  ]
  it.each(cases)('%s is %s, to be repeated: %s', (state, code) => {
    const problem = toProblem(new DatabaseError(state, 'secret'))
    expect(problem).toMatchObject({ code, status: 503, outcome: 'none' })
    expect(problem?.retryAfter).toBeGreaterThan(0)
    expect(problem?.message).not.toContain('secret')
  })

  it('says that the effect may exist, and how to find out', () => {
    const problem = toProblem(new DatabaseError(null, 'lost', { committed: 'unknown' }))
    expect(problem?.outcome).toBe('unknown')
    expect(problem?.message).toContain('Idempotency-Key')
  })

  it.each(['22P02', '22003', '22007', '22008', '22009', '22001', '22021', '22023'])(
    '%s is the fault of the request: a value that Postgres does not read',
    (state) => {
      expect(toProblem(new DatabaseError(state, 'secret'))).toMatchObject({
        code: 'validation_failed',
        status: 400,
      })
    },
  )

  it.each(['42601', '42P01', '23505', '22012', 'XX000', 'LS012', '5', '54000'])(
    '%s is our own fault, and no problem of the client',
    (state) => {
      expect(toProblem(new DatabaseError(state, 'secret'))).toBe(null)
    },
  )
})

describe('hasSqlstate', () => {
  it('recognises a DatabaseError by its state, and no other error', () => {
    expect(hasSqlstate(new DatabaseError('55P03', ''), '55P03')).toBe(true)
    expect(hasSqlstate(new DatabaseError('55P03', ''), '40001')).toBe(false)
    expect(hasSqlstate(Object.assign(new Error('no'), { sqlstate: '55P03' }), '55P03')).toBe(false)
  })
})

describe('orThrow', () => {
  it('returns a success unchanged', () => {
    const won = { ok: true, order: 7 } as const
    expect(orThrow(won)).toBe(won)
  })

  it('throws a refusal as its problem, with all members that the verb added', () => {
    const lost = {
      ok: false,
      reason: 'illegal_transition',
      detail: 'Too late',
      retryAfter: 3,
      from: 'new',
    } as const
    const thrown = expect(() => orThrow(lost))
    thrown.toThrow(AppError)
    thrown.toThrow(
      expect.objectContaining({
        code: 'illegal_transition',
        status: 409,
        message: 'Too late',
        retryAfter: 3,
        extra: { from: 'new' },
      }),
    )
  })
})

describe('the table of problems', () => {
  it('has stable snake_case codes with a status of their kind and a title', () => {
    for (const [code, [status, title]] of Object.entries(problems)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect([400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 429, 500, 502, 503]).toContain(
        status,
      )
      expect(title).not.toMatch(/\.$/)
    }
  })
})
