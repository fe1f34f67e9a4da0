import { expect, it } from 'vitest'
import { readStarting } from '../../dev/system/settings.ts'

it('starts the embedded database with demo data on port 8787 unless told otherwise', () => {
  expect(readStarting({})).toEqual({
    port: 8787,
    databaseUrl: undefined,
    directUrl: undefined,
    demoData: true,
    liveUpstreams: false,
    redis: false,
    replicas: 0,
    bindings: {},
  })
  expect(readStarting({ PORT: '9000', DEMO_DATA: '0' })).toMatchObject({ port: 9000, demoData: false })
})

it('puts made-up data into somebody’s own database only when asked', () => {
  const DATABASE_URL = 'postgresql://me:pw@db.example/app'
  expect(readStarting({ DATABASE_URL })).toMatchObject({ databaseUrl: DATABASE_URL, demoData: false })
  expect(readStarting({ DATABASE_URL, DEMO_DATA: '' }).demoData).toBe(false)
  expect(readStarting({ DATABASE_URL, DEMO_DATA: '1' }).demoData).toBe(true)
  expect(() => readStarting({ DATABASE_URL, DEMO_DATA: 'false' })).toThrow('DEMO_DATA is 1 or 0, not false')
})

it('prepares a database directly when a pooler stands before it', () => {
  const DATABASE_URL = 'postgresql://me:pw@pooler.example/app'
  const DATABASE_URL_DIRECT = 'postgresql://me:pw@db.example/app'
  expect(readStarting({ DATABASE_URL }).directUrl).toBe(DATABASE_URL)
  expect(readStarting({ DATABASE_URL, DATABASE_URL_DIRECT }).directUrl).toBe(DATABASE_URL_DIRECT)
  expect(() => readStarting({ DATABASE_URL, DATABASE_URL_DIRECT: 'db' })).toThrow(
    'DATABASE_URL_DIRECT is not',
  )
})

it.each([{ PORT: 'http' }, { PORT: '70000' }, { PORT: '80.5' }])('refuses %j as a port', (env) => {
  expect(() => readStarting(env)).toThrow('PORT is not a port')
})

it.each(['mysql://a/b', 'postgresql://host', 'nonsense'])('refuses %s as a database', (DATABASE_URL) => {
  expect(() => readStarting({ DATABASE_URL })).toThrow('postgresql://user:password@host:port/database')
})

it('asks the real outside services only when told to', () => {
  expect(readStarting({ UPSTREAMS: 'live' }).liveUpstreams).toBe(true)
  expect(() => readStarting({ UPSTREAMS: 'yes' })).toThrow('UPSTREAMS is simulated or live')
})

it('passes on what configures the Worker, and nothing else', () => {
  expect(
    readStarting({ NASA_API_KEY: 'k', WEBHOOK_LINGER_SECONDS: '0', CORS_ORIGINS: '', HOME: '/' }).bindings,
  ).toEqual({
    NASA_API_KEY: 'k',
    WEBHOOK_LINGER_SECONDS: '0',
  })
})

it('starts a Redis over HTTP when asked', () => {
  expect(readStarting({ REDIS: '1' }).redis).toBe(true)
  expect(() => readStarting({ REDIS: 'yes' })).toThrow('REDIS is 1 or 0, not yes')
})

it('starts up to three standbys of the embedded database when asked', () => {
  expect(readStarting({ REPLICAS: '2' }).replicas).toBe(2)
  expect(() => readStarting({ REPLICAS: 'two' })).toThrow('REPLICAS is 0 to 3, not two')
  expect(() => readStarting({ REPLICAS: '1', DATABASE_URL: 'postgresql://me:pw@db.example/app' })).toThrow(
    'REPLICAS makes standbys of the embedded database only',
  )
})
