import { describe, expect, it } from 'vitest'
import { asCurl } from '../../web/parts/receipts.ts'

describe('a receipt', () => {
  it('repeats its call as curl, with the version that it expected and its key', () => {
    const origin = 'https://lockstep.test'
    const call = { method: 'PATCH', path: '/v1/webhooks/7', key: null, ifMatch: 3, body: '{"a":"it\'s"}' }
    expect(asCurl(call, { origin, signedIn: true }).split(' \\\n  ')).toEqual([
      "curl -s -X PATCH 'https://lockstep.test/v1/webhooks/7'",
      '-H "Authorization: Bearer $TOKEN"',
      `-H 'If-Match: "3"'`,
      "-H 'Content-Type: application/json'",
      `-d '{"a":"it'\\''s"}'`,
    ])
    const read = { method: 'GET', path: '/v1/space/iss', key: null, ifMatch: null, body: null }
    expect(asCurl(read, { origin, signedIn: false })).toBe("curl -s 'https://lockstep.test/v1/space/iss'")
  })
})
