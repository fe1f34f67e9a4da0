import { sql } from 'drizzle-orm'
import { deliveryDays } from '../rules.ts'

/** Sets the columns of `webhook_deliveries d` by which a delivery is replayed: it waits again, with three new days. */
export const queuedAnew = sql`state = 'waiting',
      tries = 0,
      replays = d.replays + 1,
      due_at = now(),
      give_up_at = now() + make_interval(days => ${deliveryDays}),
      reason = null,
      finished_at = null`
