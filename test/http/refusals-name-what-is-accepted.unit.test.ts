import { expect, it } from 'vitest'
import { AppError } from '../../functions/core/errors.ts'
import { readBody } from '../../functions/http/body.ts'
import { problemResponse } from '../../functions/http/problem.ts'

const headersOf = (error: unknown) => {
  if (!(error instanceof AppError)) throw error
  return Object.fromEntries(problemResponse(error, { requestId: 'r', method: 'POST' }).headers)
}

it('a 429 has a RateLimit header only if a class of requests was limited', () => {
  const limited = (extra: Record<string, unknown>) =>
    headersOf(new AppError('rate_limited', 'Wait', { retryAfter: 5, extra }))['ratelimit']
  expect([limited({ class: 'read' }), limited({})]).toEqual(['"read";r=0;t=5', undefined])
})

it('a 405 names the methods of its path', () => {
  expect(
    headersOf(new AppError('method_not_allowed', 'No', { extra: { allow: ['GET', 'HEAD'] } }))['allow'],
  ).toBe('GET, HEAD')
})

it.each([
  [{ 'content-type': 'text/csv' }, { accept: 'application/json, application/x-ndjson' }],
  [{ 'content-encoding': 'br' }, { 'accept-encoding': 'gzip, identity' }],
])('a 415 names what a body may be, in a header: %o', async (headers, named) => {
  const request = new Request('http://a.example', { method: 'POST', body: 'x', headers })
  const accepted = { bodyLimitBytes: 9, packed: true, lines: 'items', formFields: false, items: null }
  const refused = await readBody(request, { ...accepted, bareNumbers: false }).catch(headersOf)
  expect(refused).toMatchObject(named)
})
