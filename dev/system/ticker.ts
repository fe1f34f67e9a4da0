import { Cron } from 'croner'

export type Ticker = { stop(): void }

export type Tick = {
  crons: readonly string[]
  /** Fires the Worker's scheduled handler. */
  fire: (cron: string, scheduledTime: Date) => Promise<{ outcome: string }>
  onError: (message: string) => void
}

/**
 * Fires cron triggers at each minute as Cloudflare does: in UTC, with Sunday as day 1. It repeats no missed minute and
 * does not wait for the previous run. So runs may overlap here as in production, and the jobs must exclude each other.
 */
export function startTicker({ crons, fire, onError }: Tick): Ticker {
  const schedules = crons.map((cron) => ({ cron, schedule: parse(cron) }))
  let timer = setTimeout(tick, untilNextMinute())

  function tick(): void {
    const minute = new Date(Math.round(Date.now() / 60_000) * 60_000)
    for (const { cron, schedule } of schedules) {
      if (!schedule.match(minute)) continue
      void report(cron, minute)
    }
    timer = setTimeout(tick, untilNextMinute())
  }

  async function report(cron: string, minute: Date): Promise<void> {
    try {
      const { outcome } = await fire(cron, minute)
      if (outcome !== 'ok') onError(`cron "${cron}" ended with ${outcome}`)
    } catch (error) {
      onError(`cron "${cron}" failed: ${String(error)}`)
    }
  }

  return { stop: () => clearTimeout(timer) }
}

function parse(cron: string): Cron {
  return new Cron(cron, { timezone: 'UTC', alternativeWeekdays: true, paused: true })
}

// A timer may fire a few milliseconds early, so it is set a little behind the boundary.
function untilNextMinute(): number {
  return 60_000 - (Date.now() % 60_000) + 20
}
