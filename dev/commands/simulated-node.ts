/** A simulated greenhouse node: it speaks to the API as a device would, and knows nothing else. */
import { freshFetch } from '../system/fresh-fetch.ts'

type Command = { id: number; kind: string; maxRunMs: number | null }
type Answer = { status: number; body: Record<string, unknown> }

const textIn = (body: Record<string, unknown>, name: string) => {
  const { [name]: value } = body
  return typeof value === 'string' ? value : ''
}

export type Tally = Record<string, number>

export type SimulatedNode = {
  hello(): Promise<void>
  /** Fetches and applies its configuration, takes and does its commands, and sends what it measured. */
  live(): Promise<void>
}

type Options = {
  url: string
  provisioningToken: string
  hardwareId: string
  nodeType: string
  /** Counts what happened, over all nodes. */
  tally: Tally
}

export function simulatedNode({
  url,
  provisioningToken,
  hardwareId,
  nodeType,
  tally,
}: Options): SimulatedNode {
  const bootId = crypto.randomUUID()
  let [uid, credential, applied, seq, batch] = ['', '', 0, 0, '']
  const count = (what: string, n = 1) => {
    tally[what] = (tally[what] ?? 0) + n
  }

  async function send(
    method: string,
    path: string,
    { token = credential, body }: { token?: string; body?: object | string } = {},
  ): Promise<Answer> {
    const response = await freshFetch(`${url}/v1/fleet${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'GET' && applied > 0 && { 'if-none-match': `"${applied}"` }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status >= 400) count(`refused ${response.status}`)
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }

  async function hello(): Promise<void> {
    const said = { hardwareId, nodeType, fwVersion: '1.2.0' }
    const first = await send('POST', '/nodes/hello', { token: provisioningToken, body: said })
    // A node of an earlier run has no credential any more, as a device that lost it.
    const { body } =
      'credential' in first.body
        ? first
        : await send('POST', '/nodes/hello', {
            token: provisioningToken,
            body: { ...said, credential: 'lost' },
          })
    uid = textIn(body, 'uid')
    credential = textIn(body, 'credential')
    count(first.status === 201 ? 'registered' : 'said hello again')
  }

  async function configure(): Promise<void> {
    const { status, body } = await send('GET', `/nodes/${uid}/config`)
    if (status !== 200) return
    const version = Number(body['version'])
    const channels =
      nodeType === 'pump' ? [{ channel: 'acid', kind: 'actuator' }] : [{ channel: 'main', kind: 'sensor' }]
    const report = { version, outcome: 'applied', channels }
    const reported = await send('POST', `/nodes/${uid}/config/report`, { body: report })
    if (reported.status !== 200) return
    applied = version
    count('configurations applied')
  }

  async function obey(): Promise<void> {
    const { body } = await send('POST', `/nodes/${uid}/commands/take`, { body: {} })
    for (const { id } of (body['data'] ?? []) as Command[])
      for (const state of ['ACK', 'DONE']) {
        const answer = await send('POST', `/commands/${id}/ack`, { body: { state } })
        if (answer.status === 200 && state === 'DONE') count('commands done')
      }
  }

  /** One batch in ten is sent twice, and one sample in ten is late. */
  async function measure(): Promise<void> {
    const metric = { ph: 'ph', ec: 'ec', climate: 'temperature', soil: 'soil_moisture' }[nodeType]
    if (metric === undefined) return
    const middle = { ph: 6.1, ec: 1.8, temperature: 22, soil_moisture: 40 }[metric] ?? 0
    const repeats = batch !== '' && Math.random() < 0.1
    if (!repeats) {
      const late = Math.random() < 0.1 ? 11 * 60_000 : 0
      const value = Number((middle + (Math.random() - 0.5) / 10).toFixed(3))
      const ts = new Date(Date.now() - late).toISOString()
      batch = JSON.stringify({ bootId, seq, samples: [{ nodeUid: uid, metric, ts, value }] })
      seq += 1
    }
    const { status } = await send('POST', '/telemetry', { body: batch })
    if (status === 202) count(repeats ? 'batches sent twice' : 'batches sent')
  }

  return {
    hello,
    async live() {
      if (credential === '') return
      await configure()
      await obey()
      await measure()
    },
  }
}
