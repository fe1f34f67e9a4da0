import { expect, it } from 'vitest'
import { assertDirect, withoutSecrets } from '../../dev/migrations/target.ts'

it.each([
  'postgresql://owner:secret@ep-cool-darkness-a1b2-pooler.us-east-2.aws.neon.tech/lockstep?sslmode=require',
  'postgres://owner:secret@ep-x-1-pooler.c-2.eu-central-1.aws.neon.tech:5432/lockstep',
])('a pooled endpoint is refused, and the direct one named as the way: %s', (url) => {
  expect(() => assertDirect(url)).toThrow(/without "-pooler"/)
})

it.each([
  'postgresql://owner:secret@ep-cool-darkness-a1b2.us-east-2.aws.neon.tech/lockstep?sslmode=require',
  'postgresql://postgres:secret@127.0.0.1:5432/lockstep',
  'postgresql://postgres:secret@my-pooler-free-host/lockstep',
])('a direct endpoint is accepted: %s', (url) => {
  expect(() => assertDirect(url)).not.toThrow()
})

it.each(['', 'secret', 'https://owner:secret@host/db', 'postgresql://owner:secret@host:port/db'])(
  'what is no connection string is refused without repeating it: %j',
  (url) => {
    expect(() => assertDirect(url)).toThrow(/postgresql:\/\/user:password@host\/database/)
    expect(() => assertDirect(url)).not.toThrow(/secret/)
  },
)

it('of a connection string only host and database are printed', () => {
  expect(withoutSecrets('postgresql://owner:secret@host:5432/lockstep?password=secret')).toBe(
    'host:5432/lockstep',
  )
})
