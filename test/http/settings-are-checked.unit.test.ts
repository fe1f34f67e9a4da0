import { describe, expect, it } from 'vitest'
import { parseEnv } from '../../functions/registry/env.ts'

const limit = async () => ({ success: true })
const right = {
  DATABASE_URL: 'postgresql://worker:canary@127.0.0.1/lockstep',
  AUTH_SECRET: 'a secret for the tests of settings',
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

describe('a setting that is wrong', () => {
  it.each([
    ['DATABASE_URL', 'mysql://me:canary@host/db'],
    ['DATABASE_URL_REPLICAS', `${right.DATABASE_URL}, canary`],
    ['AUTH_SECRET', 'canary'],
    ['AUTH_JWKS_URL', 'canary'],
    ['AUTH_JWKS_URL', 'http://canary.example/keys'],
    ['CORS_ORIGINS', 'https://a.example/canary'],
    ['UPSTASH_REDIS_REST_URL', 'canary'],
    ['METRICS_TOKEN', 'canary'],
    ['ALERT_LIMITS', '{ canary'],
    ['ALERT_LIMITS', '{ "replica_lag": { "canary": 1 } }'],
    ['ALERT_LIMITS', '[]'],
    ['SPILL_SECONDS', 'canary'],
    ['STREAMS_PER_CALLER', '0'],
    ['STREAMS_IN_ALL', 'canary'],
    ['FLEET_KEY', 'canary'],
    ['FLEET_SHARDS', '65'],
    ['TARGET_CYCLE_SECONDS', '0.5'],
    ['MQTT_URL', 'canary'],
    ['MQTT_URL', 'ws://canary.example'],
    ['WEBHOOK_KEY', 'canary'],
    ['WEBHOOK_ALLOW', 'canary'],
    ['WEBHOOK_LINGER_SECONDS', '1e1'],
    ['POSTBACK_KEY', 'canary'],
  ])('is named, and its value is not shown: %s is %s', (name, value) => {
    const parse = () => parseEnv({ ...right, [name]: value })
    expect(parse).toThrow(new RegExp(`^The Worker is misconfigured: .*\\b${name}`))
    expect(parse).not.toThrow(/canary\b(?!")/)
  })
})

describe('settings', () => {
  it('are accepted with their defaults', () => {
    expect(parseEnv(right)).toMatchObject({ ALERT_LIMITS: {}, FLEET_SHARDS: 3, CORS_ORIGINS: [] })
  })

  it.each([[{ AUTH_JWKS_URL: 'https://id.example/keys' }], [{ AUTH_SECRET: undefined }]])(
    'name exactly one issuer of tokens: %o',
    (issuers) => {
      expect(() => parseEnv({ ...right, ...issuers })).toThrow('set exactly one of AUTH_SECRET')
    },
  )

  it('limit alerts in place of the code', () => {
    const { ALERT_LIMITS } = parseEnv({ ...right, ALERT_LIMITS: '{ "replica_lag": { "raise": 30 } }' })
    expect(ALERT_LIMITS).toEqual({ replica_lag: { raise: 30 } })
  })
})
