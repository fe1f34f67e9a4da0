import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { buildWorker } from '../../../dev/system/build.ts'
import { freshWorker } from '../../support/worker.ts'
import { sampleEndpoints } from './endpoints.ts'

// Features of the door that clicks and fleet need, on a Worker whose only row is a sample.
const bundle = await buildWorker(join(inject('runFolder'), 'sample'), {
  entry: 'test/http/sample/worker.ts',
})
const app = await freshWorker({
  system: { bundle, endpoints: sampleEndpoints },
  rateLimits: { RATE_READ: { limit: 20, period: 60 } },
})
afterEach(() => app.faults.clear())
const node = `Bearer ${await app.token('node', 'n-1')}`

describe('a link', () => {
  const follow = (query: string, init: RequestInit = {}) =>
    app.fetch(`/c/spring${query}`, { redirect: 'manual', ...init })

  it('sends the visitor to its target byte for byte', async () => {
    const { status, headers } = await follow('?s1=%26url%3Devil%231')
    expect([status, headers.get('location')]).toEqual([
      302,
      'https://shop.example/spring?%2Fa%2520b&s=%26url%3Devil%231#x',
    ])
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin')
  })

  it.each([
    ['?s1=a&s1=b', 'a'],
    ['?s1=&b=&c', ''],
    ['?__proto__=1&constructor=2&s1=x', 'x'],
    ['?s1=%ff%00%ed%a0%80', '%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD'],
    ['?%', ''],
    [`?s1=x&${'y'.repeat(8_000)}=1`, 'x'],
    ['?s1=a+b%20c', 'a%20b%20c'],
  ])('takes any query: %.40s', async (query, s1) => {
    const response = await follow(query)
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(`https://shop.example/spring?%2Fa%2520b&s=${s1}#x`)
  })

  it('is followed by HEAD too, with any Accept, and by as many as come', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        follow('', { method: at % 2 === 0 ? 'GET' : 'HEAD', headers: { accept: 'text/html, */*;q=0' } }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([302]))
  })

  it('gives its handler the headers of the request', async () => {
    const { headers } = await follow('?a=1&a=2', { headers: { 'user-agent': 'Tester/1' } })
    expect(JSON.parse(headers.get('x-sample') ?? '')).toEqual([1, '?a=1&a=2'.length, 'Tester/1'])
  })
})

describe('a body', () => {
  const samples = [
    { name: 'ph', value: 6.5 },
    { name: 'ü', value: 1 },
  ]
  const json = JSON.stringify({ samples })
  const lines = samples.map((sample) => JSON.stringify(sample)).join('\n')
  const send = async (body: string | Uint8Array, headers: Record<string, string>) => {
    const response = await app.fetch('/v1/sample/lines', {
      method: 'POST',
      headers: { authorization: node, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    })
    const answer: { code?: string; detail?: string } = await response.json()
    return { status: response.status, ...answer }
  }
  const ndjson = { 'content-type': 'application/x-ndjson' }
  const gzip = { 'content-encoding': 'gzip' }
  const taken = { status: 200, received: 2, sum: 7.5 }

  it('may be JSON, NDJSON, and gzip of both', async () => {
    expect(await send(json, {})).toEqual(taken)
    expect(await send(lines, ndjson)).toEqual(taken)
    expect(await send(`${lines}\r\n\n`, { 'content-type': 'application/jsonl; charset=utf-8' })).toEqual(
      taken,
    )
    expect(await send(gzipSync(json), gzip)).toEqual(taken)
    expect(await send(gzipSync(lines), { ...ndjson, ...gzip })).toEqual(taken)
    expect(await send(json, { 'content-encoding': 'identity' })).toEqual(taken)
  })

  it('is validated line by line, and the refusal names the line', async () => {
    expect(await send(`${lines}\n{"name":`, ndjson)).toMatchObject({
      status: 400,
      code: 'malformed_json',
      detail: expect.stringContaining('Line 3'),
    })
    expect(await send(`${lines}\n{"name":1}`, ndjson)).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: expect.arrayContaining([expect.objectContaining({ path: 'samples.2.name' })]),
    })
    expect(await send('\n\n', ndjson)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('that is small but unpacks beyond the limit is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '), { level: 9 })
    expect(bomb.length).toBeLessThan(70 * 1024)
    // The same bytes within the limit of a packed body: sixty times a megabyte.
    const small = gzipSync(Buffer.alloc(60 * 1024 * 1024, ' '), { level: 9 })
    expect(small.length).toBeLessThan(64 * 1024)
    for (const body of [bomb, small])
      expect(await send(body, gzip)).toMatchObject({ status: 413, code: 'body_too_large' })
    const fits = `{"samples":[{"name":"${'x'.repeat(60 * 1024)}","value":1}]}`
    expect(await send(gzipSync(fits), gzip)).toMatchObject({ status: 200 })
  })

  it('that is no gzip, cut or damaged is refused as incomplete', async () => {
    const packed = gzipSync(json)
    const damaged = Uint8Array.from(packed, (byte, at) => (at === packed.length - 6 ? byte ^ 255 : byte))
    for (const body of [json, packed.subarray(0, -9), damaged])
      expect(await send(body, gzip)).toMatchObject({ status: 400, code: 'body_incomplete' })
  })

  it('of another packing or type is refused', async () => {
    for (const headers of [
      { 'content-encoding': 'br' },
      { 'content-encoding': 'gzip, gzip' },
      { 'content-type': 'text/csv' },
      { 'content-type': 'application/ndjsonx' },
    ])
      expect(await send(json, headers)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })
})

describe('an export', () => {
  const get = async (path: string, sub = 'root') =>
    app.fetch(`/v1/sample/rows.${path}`, {
      headers: { authorization: `Bearer ${await app.token('admin', sub)}` },
    })

  it('streams all rows as CSV that a parser reads back', async () => {
    const response = await get('csv')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="rows.csv"')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    const rows: string[][] = parse(await response.text())
    expect(rows).toHaveLength(12_001)
    expect(rows[0]).toEqual(['n', 'text', 'amount'])
    expect(rows[1]).toEqual(['1', 'row 1, "quoted"', '-1.50'])
    expect(rows[12_000]?.[0]).toBe('12000')
  })

  it('leaves no formula in a cell', async () => {
    const rows: string[][] = parse(await (await get('csv')).text())
    const texts = rows.map(([, text]) => text ?? '')
    expect(texts.filter((text) => /^[=+\-@]/.test(text))).toEqual([])
    expect(texts.filter((text) => text.startsWith("'=cmd"))).toHaveLength(1_200)
  })

  it('streams all rows as NDJSON', async () => {
    const text = await (await get('ndjson')).text()
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toHaveLength(12_000)
    expect(rows.at(-1)).toMatchObject({ n: 12_000 })
  })

  it('says in its last line that it is incomplete when Postgres fails after the first page', async () => {
    const rows: string[][] = parse(await (await get('csv', 'fails late')).text(), {
      relax_column_count: true,
    })
    expect(rows).toHaveLength(5_002)
    expect(rows.at(-1)).toEqual([expect.stringMatching(/^INCOMPLETE: .* after 5000 rows/)])
    const lines = (await (await get('ndjson', 'fails late')).text()).trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ incomplete: true })
    expect(lines).toHaveLength(5_001)
  })

  it('is a problem when Postgres fails at once', async () => {
    app.faults.set({ refuse: 1 })
    const response = await get('csv')
    expect([response.status, response.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
  })
})
