import { beforeEach, describe, expect, it } from 'vitest'
import { apiKey, spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, admin, run, rows } = rig

beforeEach(rig.reset)

const fixes = () => rows('select * from space.iss_fetch_log order by ts')

describe('the API key', () => {
  it('appears in no row, no log line and no request line', async () => {
    for (const job of rig.jobNames) await run(job)
    upstreams.fail('neows', 'wrong-types')
    rig.setClock('2026-11-20T13:00:30Z')
    await run('neo')
    const { rows: tables } = await admin.query(
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('space', 'core')`,
    )
    expect(tables.length).toBeGreaterThan(10)
    for (const { name } of tables)
      expect(
        await rows(`select count(*)::int as n from ${name} t where t::text like $1`, [`%${apiKey}%`]),
      ).toEqual([{ n: 0 }])
    expect(rig.logged.length).toBeGreaterThan(10)
    expect(rig.logged.join('\n')).not.toContain(apiKey)
    expect(upstreams.calls().join('\n')).not.toContain(apiKey)
  })
})

describe('answers of upstreams', () => {
  it('are stored whole and once, and contain the position that was logged', async () => {
    await run('iss-position')
    await run('iss-position')
    const [answer] = await rows(
      `select body, times from space.upstream_answers where upstream = 'wheretheiss'`,
    )
    expect(answer?.['times']).toBe(2)
    const [fix] = await fixes()
    expect(JSON.parse(String(answer?.['body']))).toMatchObject({
      latitude: fix?.['latitude'],
      longitude: fix?.['longitude'],
      altitude: fix?.['altitude_km'],
    })
  })

  it('are removed after a week', async () => {
    await run('iss-position')
    await admin.query(`update space.upstream_answers set received_at = now() - interval '8 days'`)
    expect(await run('space-upkeep')).toMatchObject({ outcome: 'ok', detail: { answersRemoved: 1 } })
    expect(await rows('select * from space.upstream_answers')).toEqual([])
    expect(await run('space-upkeep')).toMatchObject({ outcome: 'skipped' })
  })
})
