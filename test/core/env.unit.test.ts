import { expect, it } from 'vitest'
import { parseEnv } from '../../functions/registry/env.ts'

const limit = async () => ({ success: true })
const good = {
  DATABASE_URL: 'postgresql://role:pa%2Fss@host.example/db',
  AUTH_SECRET: 'x'.repeat(32),
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

it('sets defaults for optional settings', () => {
  expect(parseEnv(good)).toMatchObject({
    AUTH_ISSUER: 'lockstep',
    CORS_ORIGINS: [],
    DATABASE_URL_REPLICAS: [],
  })
})

it('reads comma-separated lists without empty entries', () => {
  const env = parseEnv({
    ...good,
    CORS_ORIGINS: 'https://a.example, https://b.example:8443,',
    DATABASE_URL_REPLICAS: `${good.DATABASE_URL} , ${good.DATABASE_URL}`,
  })
  expect(env.CORS_ORIGINS).toEqual(['https://a.example', 'https://b.example:8443'])
  expect(env.DATABASE_URL_REPLICAS).toHaveLength(2)
})

it('parses one set of bindings once', () => {
  expect(parseEnv(good)).toBe(parseEnv(good))
})

const { DATABASE_URL: _url, ...noDatabase } = good
const { RATE_READ: _limit, ...noLimit } = good
const wrong: [string, object, RegExp][] = [
  ['no database', noDatabase, /DATABASE_URL/],
  [
    'another kind of database',
    { ...good, DATABASE_URL: 'mysql://role:hunter2@host/db' },
    /DATABASE_URL: must be/,
  ],
  ['no host', { ...good, DATABASE_URL: 'postgresql://role:hunter2@' }, /DATABASE_URL: must be/],
  ['a replica that is none', { ...good, DATABASE_URL_REPLICAS: 'hunter2' }, /DATABASE_URL_REPLICAS/],
  ['no rate limit', noLimit, /RATE_READ binding is missing/],
  ['a short secret', { ...good, AUTH_SECRET: 'hunter2' }, /AUTH_SECRET: must be at least 32/],
  ['secret and keys', { ...good, AUTH_JWKS_URL: 'https://a.example/jwks' }, /exactly one/],
  ['neither secret nor keys', { ...good, AUTH_SECRET: undefined }, /exactly one/],
  [
    'keys that travel in the open',
    { ...good, AUTH_SECRET: undefined, AUTH_JWKS_URL: 'http://a.example/jwks' },
    /AUTH_JWKS_URL: must be https/,
  ],
  [
    'an origin with a path',
    { ...good, CORS_ORIGINS: 'https://a.example/x' },
    /CORS_ORIGINS.*must be origins/,
  ],
  ['every origin', { ...good, CORS_ORIGINS: '*' }, /CORS_ORIGINS/],
]

it.each(wrong)('refuses %s by name and never repeats a value', (_what, bindings, message) => {
  expect(() => parseEnv(bindings)).toThrow(message)
  expect(() => parseEnv(bindings)).not.toThrow(/hunter2/)
})
