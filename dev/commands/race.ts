import { randomUUID } from 'node:crypto'
import { freshFetch } from '../system/fresh-fetch.ts'
import { developmentSecret } from '../system/secret.ts'
import { signToken, type TokenClaims } from '../system/sign-token.ts'
import { readRunning } from '../system/state.ts'

const couriers = 300

type Row = { id: number }
type Told = { status: number; reason: string; ms: number; courierId: number }

const running = readRunning()
if (running === null) {
  console.error('Nothing runs here: npm start, then this in a second terminal.')
  process.exit(1)
}
const base = `${running.url}/v1/dispatch`
const admin = await tokenFor({ role: 'admin', sub: '1' })
process.exitCode = (await race()) === 1 ? 0 : 1

/** Lets three hundred couriers claim one order at once. Prints how many got each response; returns how many won. */
async function race(): Promise<number> {
  // With these keys a second run reuses the store and the couriers of the first.
  const store = await add('stores', 'race-store', { name: 'Race', pickupAddress: '1 Start Lane' })
  const racers = await Promise.all(
    Array.from({ length: couriers }, (_, n) =>
      add('couriers', `race-courier-${n}`, { name: `Racer ${n + 1}`, available: true }),
    ),
  )
  const tokens = await Promise.all(racers.map(({ id }) => tokenFor({ role: 'courier', sub: String(id) })))
  const order = await add('orders', randomUUID(), {
    storeId: store.id,
    deliveryAddress: '2 Finish Lane',
    recipientName: 'Ada',
    phone: '+44 20 7946 0000',
    boxesCount: 1,
  })
  const told = await Promise.all(racers.map(({ id }, n) => claim(order, id, tokens[n] ?? '')))
  const cancelled = await post(`orders/${order.id}/cancel`, admin, {})
  await cancelled.body?.cancel()
  report(order, told)
  return told.filter(({ status }) => status === 200).length
}

async function claim(order: Row, courierId: number, token: string): Promise<Told> {
  const started = performance.now()
  const answer = await post(`orders/${order.id}/claim`, token, {})
  const { code, status }: { code?: string; status: string } = await answer.json()
  return { status: answer.status, reason: code ?? status, ms: performance.now() - started, courierId }
}

function report(order: Row, told: Told[]): void {
  console.log(`${told.length} couriers claim order ${order.id} at once:`)
  const ranked = told.toSorted((a, b) => a.status - b.status)
  for (const [kind, those] of Map.groupBy(ranked, ({ status, reason }) => `${status} ${reason}`)) {
    const who = those.length === 1 ? `, courier ${those[0]?.courierId}` : ''
    console.log(`${String(those.length).padStart(5)} × ${kind}${who}`)
  }
  const ms = told.map((one) => one.ms).toSorted((a, b) => a - b)
  console.log(`The last of them knew after ${Math.round(ms.at(-1) ?? 0)} ms.`)
}

async function add(kind: string, key: string, body: object): Promise<Row> {
  const answer = await post(kind, admin, { key, body })
  if (answer.status !== 201) throw new Error(`POST ${kind}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

type Asked = { key?: string; body?: object }

function post(path: string, token: string, asked: Asked): Promise<Response> {
  const { key = randomUUID(), body = {} } = asked
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  }
  return freshFetch(`${base}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

function tokenFor(claims: TokenClaims): Promise<string> {
  return signToken(developmentSecret(), claims)
}
