import { beforeEach, describe, expect, it } from 'vitest'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, run, rows } = rig

beforeEach(rig.reset)

describe('elements', () => {
  it('come from CelesTrak, whose "not updated" skips the run without calling others', async () => {
    expect(await run('elements')).toMatchObject({ outcome: 'ok', rows: 1, detail: { source: 'celestrak' } })
    expect(await run('elements')).toMatchObject({
      outcome: 'skipped',
      detail: { reason: 'not modified', faults: {} },
    })
    expect(await rows(`select failures from space.upstream_state where upstream = 'celestrak'`)).toEqual([
      { failures: 0 },
    ])
    upstreams.fail('celestrak', 'not-updated-200')
    expect(await run('elements')).toMatchObject({ outcome: 'skipped', detail: { reason: 'not modified' } })
    expect(upstreams.calls('wheretheiss')).toEqual([])
  })

  it('come from wheretheiss, then from SatNOGS, if CelesTrak has none', async () => {
    upstreams.fail('celestrak', 'unknown-200')
    expect(await run('elements')).toMatchObject({ outcome: 'ok', detail: { source: 'wheretheiss' } })
    rig.setClock('2026-11-20T12:30:00Z')
    upstreams.fail('wheretheiss', 'truncated')
    expect(await run('elements')).toMatchObject({ outcome: 'ok', detail: { source: 'satnogs' } })
  })

  it('stay unchanged if no upstream has any', async () => {
    await run('elements')
    const before = await rows('select * from space.elements')
    for (const name of ['celestrak', 'wheretheiss', 'satnogs'] as const) upstreams.fail(name, 'html-with-200')
    expect(await run('elements')).toMatchObject({ outcome: 'failed' })
    expect(await rows('select * from space.elements')).toEqual(before)
  })
})
