import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import type { Role } from '../../registry/roles.ts'
import { unknownEvents } from '../rules.ts'

/** The roles whose webhooks receive an event, by its name. Webhooks of admins receive all events. */
type Audiences = Readonly<Record<string, { audience: readonly Role[] }>>

/** Throws if a name selects no event that the caller's webhooks receive: such a webhook would never speak. */
export function checkEvents({ principal }: Ctx, wanted: readonly string[], events: Audiences): void {
  const role = principal?.role ?? 'admin'
  const known = Object.entries(events)
    .filter(([, { audience }]) => role === 'admin' || audience.includes(role))
    .map(([name]) => name)
  const unknown = new Set(unknownEvents(wanted, known))
  if (unknown.size === 0) return
  const message = `Selects no event that webhooks of role ${role} receive`
  throw new AppError('validation_failed', `Allowed: *, and by name or prefix ${known.join(', ')}`, {
    errors: wanted.flatMap((name, place) =>
      unknown.has(name) ? [{ path: `events.${place}`, message }] : [],
    ),
  })
}
