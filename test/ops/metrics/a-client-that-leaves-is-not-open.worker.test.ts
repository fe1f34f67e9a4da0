import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited } })
const admin = { headers: { authorization: `Bearer ${await app.token('admin', 'ann')}` } }

/** The value of a series of /metrics; NaN without it. */
const valueOf = async (series: string) => {
  const text = await (await app.fetch('/metrics', admin)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}
const open = () => valueOf('http_server_active_requests')
const left = () =>
  valueOf(
    'http_server_request_duration_seconds_count{route="/v1/dispatch/stores",method="GET",status="left"}',
  )

/** A request on a connection of its own. Its client leaves with a reset, which workerd notices at once. */
function request(path: string): { leave: () => void } {
  const { hostname, port, host } = new URL(app.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${admin.headers.authorization}\r\n\r\n`,
  )
  return { leave: () => socket.resetAndDestroy() }
}

it('requests whose clients leave end with them, and are counted as left', async () => {
  app.faults.set({ blackhole: 1, match: 'dispatch.list-stores' })
  const requests = Array.from({ length: 5 }, () => request('/v1/dispatch/stores'))
  await expect.poll(open, soon).toBeGreaterThanOrEqual(5)
  for (const { leave } of requests) leave()
  await expect.poll(left, soon).toBe(5)
  // The reading itself is open while its isolate reports.
  await expect.poll(open, soon).toBeLessThanOrEqual(2)
})
