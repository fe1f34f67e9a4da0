import { EventSourceParserStream } from 'eventsource-parser/stream'
import { expect, it, onTestFinished } from 'vitest'
import { LiveState } from '../../../functions/ops/live/contract.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const admin = { authorization: `Bearer ${await app.token('admin', 'ann')}` }

/** The newest state that a listener has received. */
async function listen(): Promise<() => LiveState | undefined> {
  const left = new AbortController()
  onTestFinished(() => left.abort())
  const response = await app.fetch('/v1/ops/live', { headers: admin, signal: left.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  let newest: LiveState | undefined
  const read = async () => {
    const events = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
    for await (const { event, data } of events ?? [])
      if (event === 'state') newest = LiveState.parse(JSON.parse(data))
  }
  void read().catch(() => undefined)
  return () => newest
}

it('every listener receives the rates of requests and the gauges of Postgres', async () => {
  const [one, other] = [await listen(), await listen()]
  await expect.poll(() => one()?.gaugesAsOf, soon).toEqual(expect.any(String))
  for (let n = 0; n < 20; n += 1) await app.fetch('/v1/dispatch/stores', { headers: admin })
  const positive = expect.toSatisfy((value: number) => value > 0)
  const rated = async () => {
    const expected = { why: null, errors: 0, requests: positive, http: { p95Ms: positive } }
    await expect.poll(one, soon).toMatchObject(expected)
  }
  const routed = async () => {
    await expect.poll(() => other()?.routes.map(({ route }) => route), soon).toContain('/v1/dispatch/stores')
  }
  // Both at once, because the rates are those of the last seconds.
  await Promise.all([rated(), routed()])
  expect(one()?.gauges.map(({ name }) => name)).toContain('db_connections_available')
})
