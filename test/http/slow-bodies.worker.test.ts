import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshWorker } from '../support/worker.ts'

// A caller that is refused gets the answer at once, although its body is still on its way.
const lines: string[] = []
const app = await freshWorker({ onLog: (line) => lines.push(line) })
const admin = `Authorization: Bearer ${await app.token('admin', 'someone')}`
const { hostname, port } = new URL(app.url)
const json = 'Content-Type: application/json'
const chunked = 'Transfer-Encoding: chunked'
const stores = 'POST /v1/dispatch/stores'
const body = '{"name":"S","pickupAddress":"A"}'

type Sent = { head: string[]; body?: string; cut?: boolean; rest?: Promise<string> }

/** Sends this much of a request and no more, and returns the status line with its milliseconds. */
function send({ head: [line, ...headers], body = '', cut = false, rest }: Sent) {
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  return new Promise<{ status: number; code: string }>((resolve, reject) => {
    let text = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The connection has ended without an answer')))
    socket.on('data', (data) => {
      text += data.toString()
      const [, status, code] = /^HTTP\/1\.1 (\d{3})[^]*?"(?:code|name)":"(\w+)"/.exec(text) ?? []
      if (status !== undefined) resolve({ status: Number(status), code: code ?? '' })
    })
    socket.write([`${line} HTTP/1.1`, `Host: ${hostname}`, ...headers, '', body].join('\r\n'))
    if (cut) socket.end()
    void rest?.then((more) => socket.write(more))
  })
}

describe('a request whose body does not come', () => {
  const length = 'Content-Length: 5000'
  const refused: [string, Sent, number, string][] = [
    ['no token', { head: [stores, json, length], body: '{' }, 401, 'unauthenticated'],
    ['no token, in chunks', { head: [stores, json, chunked], body: '1\r\n{\r\n' }, 401, 'unauthenticated'],
    ['an unknown path', { head: ['POST /nowhere', json, length], body: '{' }, 404, 'not_found'],
    ['an unknown method', { head: ['POST /healthz', json, length], body: '{' }, 405, 'method_not_allowed'],
    [
      'a body that is said to be too large',
      { head: [stores, admin, json, 'Content-Length: 9000000'], body: '{' },
      413,
      'body_too_large',
    ],
    [
      'a body that has become too large',
      { head: [stores, admin, json, chunked], body: `11170\r\n${'x'.repeat(70_000)}\r\n` },
      413,
      'body_too_large',
    ],
    [
      'a body of another type',
      { head: [stores, admin, 'Content-Type: text/plain', length], body: 'x' },
      415,
      'unsupported_media_type',
    ],
    [
      'a wrong query',
      { head: [`${stores}?zzz=1`, admin, json, length], body: '{' },
      400,
      'validation_failed',
    ],
    [
      'no version',
      { head: ['PATCH /v1/dispatch/stores/1', admin, json, length], body: '{' },
      428,
      'version_required',
    ],
  ]
  it.each(refused)(
    'and that has %s is refused although the body never comes',
    async (_what, sent, status, code) => {
      const answer = await send(sent)
      expect([answer.status, answer.code]).toEqual([status, code])
    },
  )

  it('and that is in order gets its answer once the body is whole, however late', async () => {
    const slow = { head: [stores, json, 'Content-Length: 9'], body: '{' }
    const rest = send(slow).then(() => body.slice(1))
    const length = `Content-Length: ${body.length}`
    const answer = await send({ head: [stores, admin, json, length], body: '{', rest })
    expect([answer.status, answer.code]).toEqual([201, 'S'])
    await app.database.admin.query('delete from dispatch.stores')
  })
})

describe('a body that breaks off', () => {
  it('is 400 when a chunk has no size', async () => {
    const answer = await send({ head: [stores, admin, json, chunked], body: 'zz\r\n{}\r\n0\r\n\r\n' })
    expect([answer.status, answer.code]).toEqual([400, 'body_incomplete'])
  })

  it('is logged as 400 and no fault of the Worker, and stores nothing', async () => {
    lines.length = 0
    const id = 'X-Request-Id: cut-upload'
    const length = `Content-Length: ${body.length + 10}`
    await send({ head: [stores, admin, json, id, length], body, cut: true }).catch(() => undefined)
    await expect.poll(() => lines.filter((line) => line.includes('cut-upload'))).toHaveLength(1)
    const [line = ''] = lines.filter((text) => text.includes('cut-upload'))
    expect(JSON.parse(line)).toMatchObject({ level: 'info', status: 400 })
    const { rows } = await app.database.admin.query('select from dispatch.stores')
    expect(rows).toHaveLength(0)
  })
})
