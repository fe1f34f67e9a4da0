import type { Lifecycle } from '../../schema/fleet/states.ts'

/** The states that may follow each state. A move to another zone keeps the state, so it is no transition. */
const transitions: Record<Lifecycle, readonly Lifecycle[]> = {
  REGISTERED_BACKEND: ['ASSIGNED_TO_ZONE', 'MAINTENANCE', 'DECOMMISSIONED'],
  ASSIGNED_TO_ZONE: ['ACTIVE', 'REGISTERED_BACKEND', 'MAINTENANCE', 'DECOMMISSIONED'],
  ACTIVE: ['DEGRADED', 'REGISTERED_BACKEND', 'MAINTENANCE', 'DECOMMISSIONED'],
  DEGRADED: ['ACTIVE', 'REGISTERED_BACKEND', 'MAINTENANCE', 'DECOMMISSIONED'],
  MAINTENANCE: ['REGISTERED_BACKEND', 'ASSIGNED_TO_ZONE', 'DECOMMISSIONED'],
  DECOMMISSIONED: [],
}

/** The states from which a node may get into this one, for the condition of a statement. */
export function statesBefore(to: Lifecycle): Lifecycle[] {
  const states = Object.entries(transitions) as [Lifecycle, readonly Lifecycle[]][]
  return states.filter(([, after]) => after.includes(to)).map(([from]) => from)
}

/** A node that was silent for longer is stale, and no longer active. */
export const silentAfterSeconds = 600

/**
 * How many commands wait for the broker at once, so that those of a cycle are sent before the next one. `meanSeconds` is
 * the time that a command took.
 */
export function commandsAtOnce({
  commands,
  meanSeconds,
  cycleSeconds,
}: Record<'commands' | 'meanSeconds' | 'cycleSeconds', number>): number {
  return Math.min(50, Math.max(leastAtOnce, Math.ceil((commands * meanSeconds) / cycleSeconds)))
}

export const leastAtOnce = 5
