import type { Measurement } from '../measurement.ts'
import { type Contender, compare, mustBe } from '../method.ts'

const hellos = 200
const key = 'a key that only the benchmarks of this repository use'

/** Two hundred hellos at once: of one device, which is registered once, and of as many devices. */
export const hello: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const worker = await rig.worker(database, { bindings: { FLEET_KEY: key } })
  const post = async (token: string, path: string, body: object) => {
    const response = await fetch(`${worker.url}/v1/fleet${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer: Record<string, unknown> = await response.json()
    return { status: response.status, body: answer }
  }
  const tenant = await worker.token('tenant', 't', 1)
  const house = await post(tenant, '/greenhouses', { name: 'North', timezone: 'UTC' })
  const gate = String(house.body['provisioningToken'])
  let turns = 0
  const contender = (name: string, devices: number): Contender => {
    let prefix = ''
    return {
      name,
      turn: async () => {
        turns += 1
        prefix = `esp32-${turns}-`
        const begun = performance.now()
        const latenciesMs: number[] = []
        const statuses = await Promise.all(
          Array.from({ length: hellos }, async (_, at) => {
            const { status } = await post(gate, '/nodes/hello', {
              hardwareId: `${prefix}${at % devices}`,
              nodeType: 'ph',
            })
            latenciesMs.push(performance.now() - begun)
            return status
          }),
        )
        const seconds = (performance.now() - begun) / 1000
        mustBe(statuses.filter((status) => status === 201).length, devices, 'the number of new nodes')
        mustBe(statuses.filter((status) => status === 200).length, hellos - devices, 'the other answers')
        return { operations: hellos, seconds, latenciesMs }
      },
      verify: async () => {
        const { rows } = await owner.query<{ n: number }>(
          'select count(*)::int as n from fleet.nodes where starts_with(hardware_id, $1)',
          [prefix],
        )
        mustBe(rows[0]?.n, devices, 'the number of registered nodes')
      },
    }
  }
  await compare(
    {
      name: 'fleet 200 hellos at once',
      unit: 'hellos/s',
      database: owner,
      ours: contender('of one device', 1),
      baseline: contender('of 200 devices', hellos),
    },
    pace,
  )
}
