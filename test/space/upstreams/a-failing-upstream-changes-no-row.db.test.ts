import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, run, rows } = rig

const lastRun = async () =>
  (await rows('select outcome, error, rows, detail from core.job_runs order by id desc limit 1'))[0]

describe('a failing upstream', () => {
  const kinds = [
    'timeout',
    'stall',
    'endless',
    'status-403',
    'status-404',
    'status-500',
    'status-503-html',
    'status-429',
    'html-with-200',
    'text-with-200',
    'truncated',
    'huge',
    'wrong-types',
    'another-shape',
    'redirect',
    'key-invalid',
  ] as const
  const jobs = [
    ['apod', 'apod', 'space.apod'],
    ['neo', 'neows', 'space.neo_approaches'],
    ['donki', 'donki', 'space.donki_events'],
  ] as const

  beforeAll(async () => {
    await rig.reset()
    for (const [job] of jobs) await run(job)
    await rig.admin.query('create table state_after_success as table space.upstream_state')
  })

  beforeEach(async () => {
    await rig.resetRuns()
    await rig.admin.query('insert into space.upstream_state table state_after_success')
  })

  for (const [job, upstream, table] of jobs)
    it.each(kinds)(`changes no row of ${table} with the fault %s`, async (fault) => {
      const before = await rows(`select xmin::text, * from ${table} order by 2, 3`)
      expect(before.length).toBeGreaterThan(0)
      rig.setClock('2026-11-21T10:00:30Z')
      upstreams.fail(upstream, fault)
      upstreams.fail('ccmc', fault)
      expect(await run(job, '2026-11-21T10:00:00Z')).toMatchObject({ ran: true, outcome: 'failed' })
      expect(await rows(`select xmin::text, * from ${table} order by 2, 3`)).toEqual(before)
      expect(await lastRun()).toMatchObject({ outcome: 'failed', error: expect.any(String) })
      expect(await rows('select * from core.job_slots')).toEqual([])
    })
})
