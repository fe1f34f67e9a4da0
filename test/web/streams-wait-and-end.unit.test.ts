import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gathered } from '../../web/parts/gathered.ts'
import { paused, waitingEvents } from '../../web/parts/paused.ts'
import { watchdog } from '../../web/parts/watchdog.ts'

beforeEach(() => {
  vi.useFakeTimers()
  paused.value = false
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a stream', () => {
  it('is given up after its silence, which each byte begins anew', () => {
    const silent = vi.fn<() => void>()
    const watch = watchdog(35_000, silent)
    vi.advanceTimersByTime(34_000)
    watch.arrived()
    vi.advanceTimersByTime(34_000)
    expect(silent).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(silent).toHaveBeenCalledOnce()
  })

  it('is not given up when it has ended by itself', () => {
    const silent = vi.fn<() => void>()
    watchdog(35_000, silent).stop()
    vi.advanceTimersByTime(70_000)
    expect(silent).not.toHaveBeenCalled()
  })
})

const event = (n: number) => ({ type: 'changed', data: n })

describe('a storm of events', () => {
  it('is given four times a second, each time as one burst in its order', () => {
    const bursts: unknown[] = []
    const anew = vi.fn<() => void>()
    const events = gathered({ events: (burst) => bursts.push(burst.map(({ data }) => data)), anew })
    for (let n = 1; n <= 3; n += 1) events.take(event(n))
    expect(bursts).toEqual([[1]])
    vi.advanceTimersByTime(250)
    expect(bursts).toEqual([[1], [2, 3]])
    events.anew()
    expect(bursts).toHaveLength(2)
    expect(anew).toHaveBeenCalledOnce()
    events.stop()
  })
})

describe('a page that is paused', () => {
  it('counts the events that wait, and shows all of them in their order when it goes on', () => {
    const shown: unknown[] = []
    const events = gathered({
      events: (burst) => shown.push(...burst.map(({ data }) => data)),
      anew: () => shown.push('anew'),
    })
    events.take(event(1))
    paused.value = true
    events.take(event(2))
    events.take(event(3))
    vi.advanceTimersByTime(60_000)
    expect(shown).toEqual([1])
    expect(waitingEvents.value).toBe(2)
    paused.value = false
    expect(shown).toEqual([1, 2, 3])
    expect(waitingEvents.value).toBe(0)
    events.stop()
  })

  it('reads its lists again, once, when events are missing or too many wait', () => {
    const shown: unknown[] = []
    const events = gathered({
      events: (burst) => shown.push(...burst.map(({ data }) => data)),
      anew: () => shown.push('anew'),
    })
    paused.value = true
    events.anew()
    for (let n = 0; n < 2_001; n += 1) events.take(event(n))
    expect(shown).toEqual([])
    paused.value = false
    expect(shown).toEqual(['anew'])
    events.stop()
  })

  it('forgets what waits for a part that is gone', () => {
    const events = gathered({ events: () => undefined, anew: () => undefined })
    paused.value = true
    events.take(event(1))
    events.stop()
    expect(waitingEvents.value).toBe(0)
  })
})
