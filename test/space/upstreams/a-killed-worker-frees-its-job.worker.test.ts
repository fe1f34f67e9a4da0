import { describe, expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'
import { heldLocks } from '../support/held-locks.ts'

const dying = await freshWorker()
const { database } = dying
const surviving = await freshWorker({ database })
const twin = await freshWorker({ database })
const { admin } = database

async function run(worker: TestWorker, job: string): Promise<Response> {
  const authorization = `Bearer ${await worker.token('admin', 1)}`
  return worker.fetch(`/v1/ops/jobs/${job}/run`, { method: 'POST', headers: { authorization } })
}

const holders = async (lock: number) => (await admin.query(heldLocks, [lock])).rows.length

describe('a Worker that is killed while it calls an upstream', () => {
  it('frees its lock at once and writes nothing, and another Worker then runs the job', async () => {
    dying.upstreams.fail('wheretheiss', 'timeout')
    const killed = run(dying, 'iss-position').catch((error: unknown) => error)
    await expect.poll(() => holders(1001), { ...soon, interval: 5 }).toBe(1)
    expect(await (await run(surviving, 'iss-position')).json()).toEqual({ ran: false, reason: 'busy' })

    await dying.dispose()
    await expect.poll(() => holders(1001), { ...soon, interval: 5 }).toBe(0)
    expect((await admin.query('select * from space.iss_fetch_log')).rows).toEqual([])
    expect((await admin.query('select * from core.job_runs')).rows).toEqual([])

    expect(await (await run(surviving, 'iss-position')).json()).toMatchObject({
      ran: true,
      outcome: 'ok',
      rows: 1,
    })
    expect((await admin.query('select source from space.iss_fetch_log')).rows).toEqual([
      { source: 'wheretheiss' },
    ])
    await killed
  })
})

describe('two Workers at one tick', () => {
  it('run each job of the tick once', async () => {
    const tick = new Date('2026-11-20T10:00:00Z')
    await admin.query('truncate core.job_slots, core.job_runs')
    await Promise.all([surviving.scheduled('* * * * *', tick), twin.scheduled('* * * * *', tick)])
    const { rows } = await admin.query(
      `select job, count(*)::int as n from core.job_slots group by job having count(*) <> 1`,
    )
    expect(rows).toEqual([])
    expect(
      (await admin.query(`select count(*)::int as n from core.job_runs where job = 'iss-position'`)).rows,
    ).toEqual([{ n: 1 }])
  })
})
