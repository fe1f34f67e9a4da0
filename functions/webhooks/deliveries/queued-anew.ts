import { sql } from 'drizzle-orm'
import { deliveryDays } from '../rules.ts'

/** What an update of `webhook_deliveries d` sets to replay a delivery: it waits again, with three new days. */
export const queuedAnew = sql`state = 'waiting',
      tries = 0,
      replays = d.replays + 1,
      due_at = now(),
      give_up_at = now() + make_interval(days => ${deliveryDays}),
      reason = null,
      finished_at = null`
