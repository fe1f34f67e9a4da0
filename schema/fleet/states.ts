export const nodeTypes = ['ph', 'ec', 'climate', 'soil', 'light', 'irrigation', 'pump', 'tank'] as const

export const lifecycles = [
  'REGISTERED_BACKEND',
  'ASSIGNED_TO_ZONE',
  'ACTIVE',
  'DEGRADED',
  'MAINTENANCE',
  'DECOMMISSIONED',
] as const
export type Lifecycle = (typeof lifecycles)[number]

export const zoneModes = ['auto', 'manual', 'maintenance'] as const

/** The report of a node about a version of its configuration. */
export const configOutcomes = ['applied', 'rejected', 'local_override', 'superseded'] as const

/** After that many rejections a version is not offered again. */
export const offersOfAVersion = 3

export const metricKinds = ['gauge', 'counter'] as const
export const reportings = ['periodic', 'on_change'] as const
export const priorities = ['low', 'normal', 'high'] as const

export const qualities = ['good', 'suspect', 'stuck'] as const

export const rejectReasons = [
  'malformed',
  'not_a_number',
  'clock_unset',
  'in_future',
  'too_old',
  'ts_missing',
  'unknown_node',
  'unknown_metric',
  'unit_mismatch',
  'out_of_range',
] as const

export const resolutions = ['raw', '1m', '1h', '1d'] as const
export type Resolution = (typeof resolutions)[number]

export const commandKinds = ['dose', 'on', 'off'] as const

/** A command only moves up: from waiting, over sent and acknowledged, to one of the ends. */
export const commandStates = [
  'QUEUED',
  'SENT',
  'ACK',
  'DONE',
  'NO_EFFECT',
  'ERROR',
  'BUSY',
  'TIMEOUT',
  'EXPIRED',
] as const
type CommandState = (typeof commandStates)[number]

/** A node takes these until it acknowledges them. */
export const waitingStates = ['QUEUED', 'SENT'] as const satisfies CommandState[]
/** States that a node may report. */
export const ackStates = ['ACK', 'DONE', 'NO_EFFECT', 'ERROR', 'BUSY'] as const satisfies CommandState[]
/** No state follows. */
export const finalStates = [
  'DONE',
  'NO_EFFECT',
  'ERROR',
  'BUSY',
  'TIMEOUT',
  'EXPIRED',
] as const satisfies CommandState[]

/** Why a command is void: an epoch has passed, or its node is gone. */
export const voidReasons = ['stale_epoch', 'node_left_zone', 'node_decommissioned'] as const

/** To raise or to lower the value is the effect of a regulator's dose. */
export const directions = ['raise', 'lower'] as const

/** Whether the hours of a target follow summer time. */
export const clocks = ['local', 'standard'] as const

export const decisionOutcomes = [
  'dosed',
  'in_range',
  'cooldown',
  'budget_exhausted',
  'stale',
  'suspect',
  'no_value',
  'no_target',
  'no_actuator',
  'unacknowledged',
  'opposed',
  'manual',
  'maintenance',
  'disabled',
] as const

export const alertKinds = [
  'node_silent',
  'metric_silent',
  'target',
  'stuck',
  'clock_skew',
  'drift',
  'config_rejected',
  'budget',
  'cycle_failures',
  'cycle_missed',
  'telemetry_unaccounted',
  'queue_full',
] as const

export const severities = ['warning', 'critical'] as const
