import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { obtainPicture } from '../../../functions/space/nasa/obtain-picture.ts'
import { untilBlocking } from '../../support/blocking.ts'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { admin, upstreams, rows } = rig

beforeEach(rig.reset)

const day = '2015-03-14'
const ask = (date = day) => obtainPicture(rig.ctx(), date)
const calls = () => upstreams.calls('apod').length
const quota = (limit: number, left: number) =>
  admin.query(
    `insert into space.upstream_state (upstream, quota_limit, quota_left) values ('api.nasa.gov', $1, $2)
     on conflict (upstream) do update set quota_limit = $1, quota_left = $2`,
    [limit, left],
  )

describe('a picture that is older than seven days', () => {
  it('is fetched and stored when it is requested', async () => {
    expect(await ask()).toMatchObject({ date: day, stale: false, title: expect.any(String) })
    expect(await rows('select date::text as day from space.apod')).toEqual([{ day }])
    // The claim stays for its half minute, and the upkeep removes it.
    expect(await rows('select failures from space.upstream_misses')).toEqual([{ failures: 0 }])
    await rows(`update space.upstream_misses set retry_at = now() - interval '2 hours'`)
    await rig.run('space-upkeep')
    expect(await rows('select failures from space.upstream_misses')).toEqual([])
  })

  it('costs one call, also when ten requests come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()))
    expect(calls()).toBe(1)
    expect(answers.filter((one) => 'date' in one)).not.toEqual([])
    for (const lost of answers.filter((one) => !('date' in one)))
      expect(lost).toMatchObject({ reason: 'no_data_yet', retryAfter: expect.toSatisfy((s) => s <= 30) })
  })

  it('lets a request that began before the claim was committed wait no longer than the claim', async () => {
    const winner = await rig.database.connect()
    await winner.query('begin')
    await winner.query(
      `insert into space.upstream_misses values ('apod', $1, 0, 'a request is fetching it', now(), $2)`,
      [day, '2026-11-20T10:00:59Z'],
    )
    const lost = ask()
    await untilBlocking(winner, admin)
    await winner.query('commit')
    expect(await lost).toMatchObject({ reason: 'no_data_yet', retryAfter: 30 })
    expect(calls()).toBe(0)
  })

  it('would cost ten calls without the claim', async () => {
    // No answer arrives, so no request finds the picture that another one has stored.
    upstreams.fail('apod', 'timeout')
    await admin.query(`
      create function public.forget() returns trigger language plpgsql security definer as
      $$ begin delete from space.upstream_misses; return null; end $$;
      create trigger forget after insert or update on space.upstream_misses
      for each statement execute function public.forget()`)
    onTestFinished(async () => {
      await admin.query('drop function public.forget() cascade')
    })
    await Promise.all(Array.from({ length: 10 }, () => ask()))
    // One request alone calls twice, because it repeats the call that failed.
    expect(calls()).toBeGreaterThan(2)
  })

  it('is fetched by the next request when the one that claimed it died', async () => {
    await admin.query(
      `insert into space.upstream_misses values ('apod', $1, 0, 'a request is fetching it', now(), $2)`,
      [day, '2026-11-20T10:00:29Z'],
    )
    expect(await ask()).toMatchObject({ date: day })
  })

  it('is "not found", not "no data yet", if NASA has none, and is not requested again and again', async () => {
    // No picture was published from 17 to 19 June 1995; the simulation has the same answer for the future.
    const future = '2026-12-24'
    for (let request = 0; request < 5; request += 1)
      expect(await ask(future)).toMatchObject({ reason: 'not_found' })
    expect(calls()).toBe(2)
  })

  it('is refused for a time after a failure, and arrives later', async () => {
    upstreams.fail('apod', 'status-500')
    for (let request = 0; request < 5; request += 1)
      expect(await ask()).toMatchObject({ reason: 'no_data_yet', retryAfter: expect.any(Number) })
    // Two requests were let through, each with one repetition.
    expect(calls()).toBe(4)
    upstreams.heal()
    rig.setClock('2026-11-20T16:10:30Z')
    expect(await ask()).toMatchObject({ date: day })
  })

  it('leaves a quarter of the quota to the jobs', async () => {
    await quota(1_000, 250)
    expect(await ask()).toMatchObject({ reason: 'no_data_yet', retryAfter: 3_600 })
    expect(calls()).toBe(0)
    await quota(1_000, 251)
    expect(await ask()).toMatchObject({ date: day })
  })

  it('leaves it also when many days are requested at once', async () => {
    await quota(1_000, 255)
    const days = Array.from({ length: 20 }, (_, at) => `2015-03-${at + 10}`)
    const answers = await Promise.all(days.map((one) => ask(one)))
    expect(answers.filter((one) => 'date' in one)).toHaveLength(5)
    expect(calls()).toBe(5)
    expect(await ask('2015-04-01')).toMatchObject({ reason: 'no_data_yet', retryAfter: 3_600 })
  })

  it('takes the quota as renewed when its time has come', async () => {
    await quota(1_000, 0)
    await admin.query(`update space.upstream_state set quota_until = '2026-11-20T09:00:00Z'`)
    expect(await ask()).toMatchObject({ date: day })
    const [left] = await rows(
      `select quota_left, quota_until from space.upstream_state where quota_limit > 0`,
    )
    expect(left).toEqual({ quota_left: expect.toSatisfy((n) => n > 250 && n < 1_000), quota_until: null })
  })
})
