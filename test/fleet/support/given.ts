import type { TestWorker } from '../../support/worker.ts'
import { bearer, type Caller, callerOf } from './http.ts'

export type House = {
  tenantId: number
  tenant: Caller
  id: number
  /** With the provisioning token: it only says hello. */
  gate: Caller
}

let tenants = 0

/** A greenhouse of a tenant of its own. */
export async function givenHouse(app: TestWorker, tenantId = ++tenants): Promise<House> {
  const tenant = await callerOf(app, 'tenant', tenantId)
  const { body } = await tenant.post('/greenhouses', { body: { name: 'North', timezone: 'Europe/Vienna' } })
  return { tenantId, tenant, id: Number(body['id']), gate: bearer(app, String(body['provisioningToken'])) }
}

export async function givenZone({ tenant, id }: House, name = 'Z1'): Promise<number> {
  return Number((await tenant.post('/zones', { body: { greenhouseId: id, name } })).body['id'])
}

export type Device = { uid: string; version: number; credential: string; node: Caller }

let devices = 0

export async function givenNode(app: TestWorker, { gate }: House, nodeType = 'ph'): Promise<Device> {
  const { body } = await gate.post('/nodes/hello', { body: { hardwareId: `esp32-${++devices}`, nodeType } })
  const credential = String(body['credential'])
  return {
    uid: String(body['uid']),
    version: Number(body['version']),
    credential,
    node: bearer(app, credential),
  }
}

/** Puts the node into the zone, by its present version. */
export async function bound({ tenant }: House, uid: string, zoneId: number): Promise<void> {
  const { body } = await tenant.get(`/nodes/${uid}`)
  const answer = await tenant.put(`/nodes/${uid}/zone`, {
    body: { zoneId },
    ifMatch: Number(body['version']),
  })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
