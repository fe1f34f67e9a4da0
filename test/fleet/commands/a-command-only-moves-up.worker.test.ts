import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { bound, givenHouse, givenNode, givenZone } from '../support/given.ts'
import { type Answer, tally } from '../support/http.ts'

const app = await freshWorker()
const house = await givenHouse(app)
const { tenant } = house

async function given(mode: 'auto' | 'manual' = 'manual') {
  const zoneId = await givenZone(house)
  const device = await givenNode(app, house, 'pump')
  await bound(house, device.uid, zoneId)
  const version = async () => Number((await tenant.get(`/zones/${zoneId}`)).body['version'])
  const turn = async (to: string) =>
    tenant.patch(`/zones/${zoneId}`, { body: { mode: to }, ifMatch: await version() })
  if (mode !== 'auto') await turn(mode)
  return {
    zoneId,
    turn,
    order: (more: object = {}) =>
      tenant.post(`/zones/${zoneId}/commands`, {
        body: { nodeUid: device.uid, kind: 'dose', amount: 5, runMs: 1_000, maxRunMs: 2_000, ...more },
      }),
    take: () => device.node.post(`/nodes/${device.uid}/commands/take`, { body: {} }),
    ack: (id: unknown, state: string, reason?: string) =>
      device.node.post(`/commands/${String(id)}/ack`, { body: { state, ...(reason && { reason }) } }),
    ...device,
  }
}

const idsOf = ({ body }: Answer) => (body['data'] as { id: number; state: string }[]).map(({ id }) => id)
const wasSent = (id: unknown) =>
  app.database.admin.query(`update fleet.commands set expires_at = now() where id = $1`, [id])

describe('a command by hand', () => {
  it('is refused while the zone is regulated, and for a node of another zone', async () => {
    const zone = await given('auto')
    expect(tally([await zone.order()])).toEqual({ '409 zone_in_auto': 1 })
    const other = await given()
    expect(tally([await other.order({ nodeUid: zone.uid })])).toEqual({ '422 unprocessable': 1 })
    expect((await other.order()).body).toMatchObject({
      state: 'QUEUED',
      orderedBy: 'tenant:someone',
      epoch: 2,
    })
  })

  it('is taken until it is acknowledged, and each report has one effect', async () => {
    const { order, take, ack, zoneId } = await given()
    const { body } = await order()
    expect(idsOf(await take())).toEqual([body['id']])
    expect(idsOf(await take())).toEqual([body['id']])
    expect((await ack(body['id'], 'ACK')).body['state']).toBe('ACK')
    expect(idsOf(await take())).toEqual([])
    const done = await ack(body['id'], 'DONE')
    expect(done.body).toMatchObject({ state: 'DONE', reason: null })
    expect(await ack(body['id'], 'DONE')).toMatchObject({ status: 200, body: done.body })
    for (const state of ['ACK', 'ERROR'])
      expect(tally([await ack(body['id'], state)])).toEqual({ '409 illegal_transition': 1 })
    const listed = await tenant.get(`/zones/${zoneId}/commands`)
    expect(listed.body['data']).toEqual([done.body])
  })

  it('is not begun after its time has passed', async () => {
    const { order, take, ack } = await given()
    const { body } = await order()
    await wasSent(body['id'])
    expect(idsOf(await take())).toEqual([])
    expect(tally([await ack(body['id'], 'ACK')])).toEqual({ '409 command_expired': 1 })
  })

  it('that switches off is sent until it is acknowledged', async () => {
    const { order, take } = await given()
    const { body } = await order({ kind: 'off', amount: undefined, runMs: undefined, maxRunMs: undefined })
    expect(body['expiresAt']).toBeNull()
    expect(idsOf(await take())).toEqual([body['id']])
  })
})

describe('a change of the mode', () => {
  it('makes waiting commands void: none is taken or done', async () => {
    const { order, take, ack, turn } = await given()
    const [first, second] = [await order(), await order()]
    await turn('maintenance')
    expect(idsOf(await take())).not.toContain(first.body['id'])
    for (const { body } of [first, second])
      for (const state of ['ACK', 'DONE'])
        expect(tally([await ack(body['id'], state)])).toEqual({ '409 stale_epoch': 1 })
  })

  it('switches off a node that runs one', async () => {
    const { order, take, ack, turn } = await given()
    const { body } = await order()
    await take()
    await ack(body['id'], 'ACK')
    await turn('auto')
    const taken = (await take()).body['data'] as { kind: string }[]
    expect(taken.map(({ kind }) => kind)).toEqual(['off'])
    expect(tally([await ack(body['id'], 'DONE')])).toEqual({ '409 stale_epoch': 1 })
  })

  it('at the moment of a report decides for one of the two, fifty times', async () => {
    const { order, take, ack, turn } = await given()
    const outcomes: string[] = []
    for (let round = 0; round < 50; round += 1) {
      const { body } = await order()
      await take()
      const [report] = await Promise.all([ack(body['id'], 'DONE'), turn('manual')])
      const { rows } = await app.database.admin.query(
        `select c.state = 'DONE' as done, c.state in ('EXPIRED', 'TIMEOUT') as void, z.epoch > c.zone_epoch as old from fleet.commands c join fleet.zones z on z.id = c.zone_id
        where c.id = $1`,
        [body['id']],
      )
      const [kind = ''] = Object.keys(tally([report]))
      expect([kind, rows[0]]).toEqual([
        kind,
        { done: report.status === 200, void: report.status !== 200, old: true },
      ])
      outcomes.push(kind)
    }
    expect(outcomes.filter((kind) => kind !== '200' && kind !== '409 stale_epoch')).toEqual([])
  })
})
