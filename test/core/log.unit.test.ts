import { afterEach, expect, it, vi } from 'vitest'
import { makeLog, redact } from '../../functions/core/log.ts'
import { DatabaseError } from '../../functions/core/sqlstate.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it('writes one line of JSON per event, with the fields of its request', () => {
  const line = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  makeLog({ requestId: 'r1' }).info('request', { status: 200, text: 'two\nlines' })
  const written = String(line.mock.calls[0]?.[0])
  expect(written).not.toContain('\n')
  expect(JSON.parse(written)).toEqual({
    level: 'info',
    event: 'request',
    requestId: 'r1',
    status: 200,
    text: 'two\nlines',
  })
})

it('logs an error with its SQLSTATE and its causes, and without their secrets', () => {
  const line = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const cause = new Error('cannot reach postgresql://lockstep_worker:hunter2@db.example/lockstep')
  makeLog({}).error('request', new DatabaseError('22P02', 'invalid input: "hunter2"', { cause }))
  const written = String(line.mock.calls[0]?.[0])
  expect(JSON.parse(written)).toMatchObject({
    level: 'error',
    error: { name: 'DatabaseError', sqlstate: '22P02', cause: { name: 'Error' } },
  })
  expect(written).not.toContain('hunter2')
})

it('logs a thrown value that is no error', () => {
  const line = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  makeLog({}).error('job', 'just text')
  expect(JSON.parse(String(line.mock.calls[0]?.[0]))).toMatchObject({ error: { message: 'just text' } })
})

const redacted: [string, string, string][] = [
  ['the password of a connection string', 'at postgres://me:hunter2@h/d now', 'at postgres://me:***@h/d now'],
  [
    'the values of a key',
    'Key (store_id, phone)=(1, hunter2 (x)) already exists.',
    'Key (store_id, phone)=(***) already exists.',
  ],
  ['a failing row', 'Failing row contains (1, hunter2,\nnull).', 'Failing row contains (***).'],
  [
    'a value that could not be read',
    'invalid input syntax for type bigint: "hunter2"',
    'invalid input syntax for type bigint: "***"',
  ],
  [
    'a value with quotes and lines',
    'invalid input syntax: "hun"ter2\nhunter2"',
    'invalid input syntax: "***"',
  ],
  ['a value that is cut off', 'Key (phone)=(hunter2', 'Key (phone)=(***'],
  ['a token', 'Bearer eyJhbGciOi.eyJzdWIiOiI3.c2ln failed', 'Bearer *** failed'],
]

it.each(redacted)('cuts out %s', (_what, text, clean) => {
  expect(redact(text)).toBe(clean)
})

it('keeps the names of tables and constraints', () => {
  const message = 'new row for relation "orders" violates check constraint "orders_boxes"'
  expect(redact(message)).toBe(message)
})
