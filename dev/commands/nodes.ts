import { parseArgs } from 'node:util'
import { freshFetch } from '../system/fresh-fetch.ts'
import { isMain } from '../system/main-module.ts'
import { developmentSecret } from '../system/secret.ts'
import { signToken } from '../system/sign-token.ts'
import { readRunning } from '../system/state.ts'
import { simulatedNode, type Tally } from './simulated-node.ts'

const usage = 'usage: npm run -s nodes -- [--count 30] [--seconds 30] [--tenant 1]'
const types = ['ph', 'ec', 'climate', 'pump']

type Plan = { count: number; seconds: number; tenantId: number }

/** Reads the command line of `npm run nodes`. Its errors say which option to change. */
export function readNodesArguments(args: string[]): Plan {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args, options: { count: text, seconds: text, tenant: text } })
  return {
    count: whole('--count', values.count ?? '30', 500),
    seconds: whole('--seconds', values.seconds ?? '30', 3_600),
    tenantId: whole('--tenant', values.tenant ?? '1', Number.MAX_SAFE_INTEGER),
  }
}

function whole(option: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0 && value <= most) return value
  throw new Error(`${option} must be a whole number from 1 to ${most}, not ${text}`)
}

type System = { url: string; tenantToken: string }

/**
 * Registers simulated nodes in a greenhouse of their own, puts them into zones, and lets each live until the time is over.
 * Returns what happened, by name.
 */
export async function runNodes(
  { url, tenantToken }: System,
  { count, seconds }: Omit<Plan, 'tenantId'>,
): Promise<Tally> {
  const tally: Tally = {}
  const ask = async (
    method: string,
    path: string,
    { body, version }: { body?: object; version?: number } = {},
  ) => {
    const response = await freshFetch(`${url}/v1/fleet${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tenantToken}`,
        'content-type': 'application/json',
        ...(version !== undefined && { 'if-match': `"${version}"` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    const answer: Record<string, unknown> = await response.json()
    return answer
  }
  const house = await ask('POST', '/greenhouses', { body: { name: `Simulated ${new Date().toISOString()}` } })
  const nodes = Array.from({ length: count }, (_, nth) =>
    simulatedNode({
      url,
      provisioningToken: String(house['provisioningToken']),
      hardwareId: `simulated-${String(house['id'])}-${nth}`,
      nodeType: types[nth % types.length] ?? 'ph',
      tally,
    }),
  )
  await Promise.all(nodes.map((node) => node.hello()))
  await assign(ask, Number(house['id']))
  const end = Date.now() + seconds * 1_000
  await Promise.all(
    nodes.map(async (node) => {
      do {
        await node.live()
        await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, Math.max(0, end - Date.now()))))
      } while (Date.now() < end)
    }),
  )
  return tally
}

type Ask = (
  method: string,
  path: string,
  send?: { body?: object; version?: number },
) => Promise<Record<string, unknown>>
type Registered = { uid: string; type: string; greenhouseId: number; version: number }

/** A zone takes one node of each type, so every four nodes share one. */
async function assign(ask: Ask, greenhouseId: number): Promise<void> {
  const nodes = await allNodes(ask, greenhouseId)
  const zones: number[] = []
  const taken = new Map<string, number>()
  for (const { uid, type, version } of nodes) {
    const nth = taken.get(type) ?? 0
    taken.set(type, nth + 1)
    const known = zones[nth]
    const zoneId =
      known ?? Number((await ask('POST', '/zones', { body: { greenhouseId, name: `Z${nth + 1}` } }))['id'])
    zones[nth] = zoneId
    await ask('PUT', `/nodes/${uid}/zone`, { body: { zoneId }, version })
  }
}

async function allNodes(ask: Ask, greenhouseId: number): Promise<Registered[]> {
  const nodes: Registered[] = []
  for (let cursor = ''; ; ) {
    const { data, nextCursor } = await ask('GET', `/nodes?limit=200${cursor && `&cursor=${cursor}`}`)
    nodes.push(...(data as Registered[]).filter((node) => node.greenhouseId === greenhouseId))
    if (typeof nextCursor !== 'string') return nodes
    cursor = nextCursor
  }
}

if (isMain(import.meta)) {
  try {
    const { tenantId, ...plan } = readNodesArguments(process.argv.slice(2))
    const running = readRunning()
    if (running === null) throw new Error('Nothing runs here: npm start, then this in a second terminal.')
    const tenantToken = await signToken(developmentSecret(), { role: 'tenant', sub: 'nodes', tenantId })
    console.log(`${plan.count} simulated nodes of tenant ${tenantId}, for ${plan.seconds} s`)
    const tally = await runNodes({ url: running.url, tenantToken }, plan)
    for (const [what, n] of Object.entries(tally).toSorted(([a], [b]) => a.localeCompare(b, 'en')))
      console.log(`${String(n).padStart(6)} × ${what}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(usage)
    process.exitCode = 1
  }
}
