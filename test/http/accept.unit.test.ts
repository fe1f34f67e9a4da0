import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../functions/core/errors.ts'
import { formFor } from '../../functions/http/accept.ts'

const [json, geo] = ['application/json', 'application/geo+json']
const of = (accept: string | undefined) => formFor(accept, [json, geo])

describe('the form of an answer', () => {
  it.each([
    [undefined, json],
    ['', json],
    ['*/*', json],
    ['text/html', json],
    [geo, geo],
    [`${geo}, */*`, geo],
    [`${geo};q=0.5, ${json}`, json],
    [`${json};q=0.5, ${geo}`, geo],
    [geo.toUpperCase(), geo],
    [`${geo}; charset=utf-8; q=1.0`, geo],
    ['application/*', json],
    ['application/*;q=0.2, application/geo+json;q=0.3', geo],
  ])('for Accept: %s is %s', (accept, form) => {
    expect(of(accept)).toBe(form)
  })

  it.each([
    [`${geo};q=0`, json],
    [`${geo};q=0, */*`, json],
    [`${geo}; q=0.000, */*`, json],
    [`*/*, ${geo};q=0`, json],
    [`${json};q=0`, geo],
    [`${json};q=0, */*`, geo],
    [`*/*;q=0, ${geo}`, geo],
    [`application/*;q=0, ${json};q=0.1`, json],
  ])('for Accept: %s is never the one with q=0', (accept, form) => {
    expect(of(accept)).toBe(form)
  })

  it('is refused if all forms are excluded', () => {
    for (const accept of ['*/*;q=0', `${json};q=0, ${geo};q=0`, 'application/*;q=0'])
      expect(() => of(accept)).toThrow(expect.objectContaining({ code: 'not_acceptable', status: 406 }))
  })

  it('is one of the forms, or a refusal, whatever a client sends', () => {
    const formOrRefusal = (accept: string) => {
      try {
        return of(accept)
      } catch (error) {
        return error instanceof AppError ? error.code : 'an error'
      }
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (accept) => {
        expect([json, geo, 'not_acceptable']).toContain(formOrRefusal(accept))
      }),
    )
  })
})
