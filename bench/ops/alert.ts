import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { crons } from '../../cron/index.ts'
import { serveHttp } from '../../dev/system/serve-http.ts'
import { startTicker } from '../../dev/system/ticker.ts'
import { startUpstreams } from '../../dev/upstreams/server.ts'
import type { Measurement } from '../measurement.ts'
import { median, mustBe } from '../method.ts'

/** Over two minutes, so that each stands at another moment between two ticks of the clock. */
const causes = 8
const apartMs = 15_000
/** The alert of an open transaction fires when it has lasted a minute, and it counts from an age of five seconds. */
const heldForMs = 65_000
const longestMs = 300_000

type Received = { at: number; rule: string; labels: Record<string, string> }

/**
 * The time from a cause to the signed webhook about it, by the clock of a running system: it ticks each whole minute, runs
 * the evaluator and the delivery run with all other jobs, and the receiver verifies each message. At most 75 s after
 * `pendingFor`.
 */
export const alert: Measurement = async (rig) => {
  const database = await rig.database()
  const upstreams = await startUpstreams()
  const receiver = await startReceiver()
  const worker = await rig.worker(database, {
    bindings: {
      UPSTREAMS_URL: upstreams.url,
      WEBHOOK_ALLOW: receiver.origin,
      WEBHOOK_KEY: 'a key that encrypts the secrets of these webhooks',
    },
  })
  const errors: string[] = []
  let holder: pg.PoolClient | null = null
  const ticker = startTicker({ crons, fire: worker.scheduled, onError: (error) => errors.push(error) })
  try {
    const response = await fetch(`${worker.url}/v1/webhooks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await worker.token('admin', 1)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ url: receiver.origin, events: ['alert.fired'] }),
    })
    mustBe(response.status, 201, 'the status of the subscription')
    const { secret }: { secret: string } = JSON.parse(await response.text())
    receiver.verifyWith(secret)

    // Postgres ends idle transactions of the Worker's role after ten seconds.
    holder = await database.owner.connect()
    await holder.query('begin isolation level repeatable read; select from core.job_runs')
    const heldAt = Date.now()
    const causedAt = new Map<string, number>()
    for (let cause = 0; cause < causes; cause += 1) {
      const stream = `bench-${cause}`
      await database.owner.query(
        `insert into core.dead_messages (stream, message, body, reason, attempts) values ($1, 'm', '{}', 'malformed', 3)`,
        [stream],
      )
      causedAt.set(stream, Date.now())
      await pause(apartMs)
    }
    const dead = await Promise.all(
      [...causedAt.keys()].map((stream) => receiver.until('dead_messages', { stream })),
    )
    const held = await receiver.until('xmin_held', {})
    await holder.query('commit')
    const seconds = dead.map(
      ({ at, labels }) => (at - (causedAt.get(labels['stream'] ?? '') ?? Number.NaN)) / 1_000,
    )
    const lasting = (held.at - heldAt - heldForMs) / 1_000
    console.log('\nseconds from a cause to the verified webhook about it, with the minute clock')
    console.log(`  at once        ${seconds.map((one) => one.toFixed(1)).join(' ')}`)
    console.log(`  after a minute ${lasting.toFixed(1)}, counted from the end of \`pendingFor\``)
    if (errors.length > 0) console.log(`  ticks that failed: ${errors.join('; ')}`)
    const longest = Number(Math.max(...seconds, lasting).toPrecision(4))
    const middle = Number(median(seconds).toPrecision(4))
    console.log(
      JSON.stringify({ name: 'ops longest time to an alert', ours: longest, median: middle, unit: 's' }),
    )
    mustBe(receiver.refused(), 0, 'the number of messages that the verifier refused')
  } finally {
    holder?.release()
    ticker.stop()
    await receiver.close()
    await upstreams.close()
  }
}

async function startReceiver() {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  let [secret, refused] = ['', 0]
  const { origin, close } = await serveHttp((request, response) => {
    const at = Date.now()
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
      try {
        new Webhook(secret).verify(body, Object.fromEntries(headers))
        const { data } = JSON.parse(body)
        received.push({ at, rule: data.rule, labels: data.labels })
      } catch {
        refused += 1
      }
      for (const check of waiting) check()
      response.writeHead(200).end()
    })
  })

  /** The first message about this thing. */
  async function until(rule: string, labels: Record<string, string>): Promise<Received> {
    const find = () =>
      received.find((one) => one.rule === rule && JSON.stringify(one.labels) === JSON.stringify(labels))
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (find() !== undefined) resolve()
    }
    waiting.add(check)
    check()
    await Promise.race([promise, pause(longestMs, undefined, { ref: false })])
    waiting.delete(check)
    const found = find()
    if (found === undefined) throw new Error(`No alert ${rule} ${JSON.stringify(labels)} arrived`)
    return found
  }

  return {
    origin,
    verifyWith(one: string) {
      secret = one
    },
    refused: () => refused,
    until,
    close,
  }
}
