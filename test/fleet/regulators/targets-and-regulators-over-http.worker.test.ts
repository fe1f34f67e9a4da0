import { expect, it } from 'vitest'
import { untilLasts } from '../../support/lasting.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenHouse, givenZone, type House } from '../support/given.ts'
import { callerOf, tally } from '../support/http.ts'
import { givenRegulated } from '../support/regulated.ts'

const app = await freshWorker()
const { admin } = app.database
await admin.query("insert into fleet.metrics (name, unit) values ('ph', 'pH') on conflict do nothing")

const range = { metric: 'ph', min: 5.5, max: 6.5, hysteresis: 0.2 }
const pump = {
  metric: 'ph',
  direction: 'raise',
  nodeType: 'pump',
  dose: 0.1,
  pulseMs: 500,
  maxRunMs: 2_000,
  cooldownSeconds: 60,
  budgetHour: 0.3,
  budgetDay: 5,
}

async function zoneOf(house: House) {
  return { ...house, zone: await givenZone(house) }
}

it('a target is added, listed, read and changed by its version', async () => {
  const { tenant, zone } = await zoneOf(await givenHouse(app))
  const added = await tenant.post(`/zones/${zone}/targets`, { body: range })
  expect(added).toMatchObject({
    status: 201,
    trips: 1,
    body: { zoneId: zone, ...range, from: null, until: null, clock: 'local', version: 1 },
  })
  const { id } = added.body
  expect(added.headers.get('location')).toBe(`/v1/fleet/targets/${Number(id)}`)
  expect(await tenant.post(`/zones/${zone}/targets`, { body: range })).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  })
  const night = await tenant.post(`/zones/${zone}/targets`, {
    body: { ...range, from: '22:00', until: '06:00', clock: 'standard' },
  })
  expect(night).toMatchObject({ status: 201, body: { from: '22:00', until: '06:00', clock: 'standard' } })
  expect(await tenant.get(`/zones/${zone}/targets`)).toMatchObject({
    body: { data: [added.body, night.body] },
  })

  expect(await tenant.patch(`/targets/${Number(id)}`, { body: { max: 6 } })).toMatchObject({ status: 428 })
  const changed = await tenant.patch(`/targets/${Number(id)}`, { body: { max: 6 }, ifMatch: 1 })
  expect(changed).toMatchObject({ status: 200, trips: 1, body: { max: 6, version: 2 } })
  expect(await tenant.patch(`/targets/${Number(id)}`, { body: { max: 7 }, ifMatch: 1 })).toMatchObject({
    status: 412,
    body: { current: 2 },
  })
  expect(await tenant.get(`/targets/${Number(id)}`)).toMatchObject({ body: changed.body })
})

it.each([
  [{ ...range, min: 7 }, 400],
  [{ ...range, hysteresis: 1.5 }, 400],
  [{ ...range, from: '06:00' }, 400],
  [{ ...range, from: '06:00', until: '06:00' }, 400],
  [{ ...range, from: '24:00', until: '06:00' }, 400],
  [{ ...range, metric: 'unknown' }, 422],
])('a target that cannot hold is refused: %o', async (body, status) => {
  const { tenant, zone } = await zoneOf(await givenHouse(app))
  expect(await tenant.post(`/zones/${zone}/targets`, { body })).toMatchObject({ status })
})

it.each([
  [{ min: 6.4 }, 422],
  [{ hysteresis: 1.1 }, 422],
  [{ from: '06:00' }, 422],
  [{ from: '22:00', until: '06:00' }, 409],
  [{}, 400],
])('a change that cannot hold is refused: %o', async (body, status) => {
  const { tenant, zone } = await zoneOf(await givenHouse(app))
  await tenant.post(`/zones/${zone}/targets`, { body: { ...range, from: '22:00', until: '23:00' } })
  const { body: target } = await tenant.post(`/zones/${zone}/targets`, { body: range })
  expect(await tenant.patch(`/targets/${Number(target['id'])}`, { body, ifMatch: 1 })).toMatchObject({
    status,
  })
})

it('a regulator is added with its budgets, and a zone has one for each metric and direction', async () => {
  const { tenant, zone } = await zoneOf(await givenHouse(app))
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => tenant.post('/regulators', { body: { ...pump, zoneId: zone } })),
  )
  expect(tally(answers)).toEqual({ '201': 1, '409 conflict': 7 })
  const { body } = answers.find(({ status }) => status === 201) ?? { body: {} }
  expect(body).toMatchObject({
    ...pump,
    zoneId: zone,
    channel: '',
    unit: 'ml',
    enabled: true,
    epoch: 1,
    outcome: null,
    hour: { used: 0, left: 0.3 },
    day: { used: 0, left: 5 },
    version: 1,
  })
  expect(await tenant.get(`/regulators?zone=${zone}`)).toMatchObject({
    body: { data: [body], nextCursor: null },
  })
  expect(
    await tenant.post('/regulators', { body: { ...pump, zoneId: zone, metric: 'unknown' } }),
  ).toMatchObject({ status: 422 })
})

it.each([0, -1, 0.0001, 1e-300, 1.2345, 1e9])(
  'a dose is a number of whole thousandths, so not %d',
  async (dose) => {
    const house = await givenHouse(app)
    const { tenant, zone } = await zoneOf(house)
    const refused = (path: string) => ({
      status: 400,
      body: { errors: expect.arrayContaining([expect.objectContaining({ path })]) },
    })
    const regulator = await tenant.post('/regulators', { body: { ...pump, zoneId: zone, dose } })
    expect(regulator).toMatchObject(refused('dose'))
    const command = { nodeUid: 'nd-pump-00000000', kind: 'dose', amount: dose, runMs: 1, maxRunMs: 1 }
    const ordered = await tenant.post(`/zones/${zone}/commands`, { body: command })
    expect(ordered).toMatchObject(refused('amount'))
  },
)

it('disabling raises the epoch once, and ends the commands', async () => {
  const tenantId = 900
  const tenant = await callerOf(app, 'tenant', tenantId)
  const { regulator } = await givenRegulated(admin, { tenant: tenantId, waits: true })
  const off = await tenant.patch(`/regulators/${regulator}`, { body: { enabled: false }, ifMatch: 1 })
  expect(off).toMatchObject({ status: 200, body: { enabled: false, epoch: 2, version: 2 } })
  const { rows: acts } = await admin.query('select by, action, subject from core.operator_actions')
  expect(acts).toEqual([
    {
      by: expect.stringContaining('tenant:'),
      action: 'regulator.disable',
      subject: `regulator:${regulator}`,
    },
  ])
  const again = await tenant.patch(`/regulators/${regulator}`, { body: { enabled: false }, ifMatch: 2 })
  expect(again).toMatchObject({ body: { epoch: 2, version: 3 } })
  const { rows } = await admin.query('select state, reason from fleet.commands where regulator_id = $1', [
    regulator,
  ])
  expect(rows).toEqual([{ state: 'EXPIRED', reason: 'stale_epoch' }])
})

it('what changes without its version is read anew, also by a caller who knows the version', async () => {
  const house = await givenHouse(app)
  const { tenant, zone } = await zoneOf(house)
  const { body } = await tenant.post('/regulators', { body: { ...pump, zoneId: zone } })
  await admin.query(
    `update fleet.dose_windows set outcome = 'dosed', dosed_at = now() where regulator_id = $1`,
    [body['id']],
  )
  const regulator = await tenant.get(`/regulators/${Number(body['id'])}`, { ifNoneMatch: '"1"' })
  expect(regulator).toMatchObject({ status: 200, body: { outcome: 'dosed', version: 1 } })
  await admin.query(`update fleet.zones set mode = 'manual', mode_until = now() where id = $1`, [zone])
  const read = await tenant.get(`/zones/${zone}`, { ifNoneMatch: '"1", "2"' })
  expect(read).toMatchObject({ status: 200, body: { mode: 'auto' } })
})

it('a budget below the used amount holds from the next dose on', async () => {
  await untilLasts('hour', 10)
  const tenant = await callerOf(app, 'tenant', 901)
  const { regulator } = await givenRegulated(admin, { tenant: 901, usedHour: 40, usedDay: 40 })
  const lowered = await tenant.patch(`/regulators/${regulator}`, { body: { budgetHour: 10 }, ifMatch: 1 })
  expect(lowered).toMatchObject({ status: 200, body: { budgetHour: 10, hour: { used: 40, left: 0 } } })
  expect(
    await tenant.patch(`/regulators/${regulator}`, { body: { maxRunMs: 400 }, ifMatch: 2 }),
  ).toMatchObject({ status: 422 })
})

it('a tenant finds no target and no regulator of another one', async () => {
  const { tenant, zone } = await zoneOf(await givenHouse(app))
  const { body: target } = await tenant.post(`/zones/${zone}/targets`, { body: range })
  const { body: regulator } = await tenant.post('/regulators', { body: { ...pump, zoneId: zone } })
  const { tenant: other } = await givenHouse(app)
  const tries = [
    other.get(`/zones/${zone}/targets`),
    other.post(`/zones/${zone}/targets`, { body: { ...range, from: '01:00', until: '02:00' } }),
    other.get(`/targets/${Number(target['id'])}`),
    other.patch(`/targets/${Number(target['id'])}`, { body: { max: 9 }, ifMatch: 1 }),
    other.post('/regulators', { body: { ...pump, zoneId: zone, direction: 'lower' } }),
    other.get(`/regulators/${Number(regulator['id'])}`),
    other.patch(`/regulators/${Number(regulator['id'])}`, { body: { dose: 0.2 }, ifMatch: 1 }),
  ]
  expect(tally(await Promise.all(tries))).toEqual({ '404 not_found': tries.length })
  expect(await other.get('/regulators')).toMatchObject({ body: { data: [] } })
  expect(await tenant.get(`/targets/${Number(target['id'])}`)).toMatchObject({ body: { version: 1 } })
})
