/** The specification of the evaluator. The statement in functions/ops/alerts is the same, and a property test compares them. */

export type Limits = {
  raise: number
  clear: number
  critical?: number | undefined
  pendingFor: number
  clearFor: number
}

/** An open alert. Moments are milliseconds. */
export type Kept = {
  state: 'pending' | 'firing' | 'unknown'
  severity: 'warning' | 'critical'
  since: number
  /** Null before it fired. */
  firedAt: number | null
  clearingSince: number | null
  count: number
  peak: number | null
}

/** `ok`: nothing is wrong. `resolved`: an alert that receivers may know has ended. */
export type Judged = { state: 'ok' } | { state: 'resolved' } | Kept

type Given = {
  kept: Kept | null
  /** Null: not known. */
  value: number | null
  limits: Limits
  severity: 'warning' | 'critical'
  at: number
}

/**
 * The next state of an alert. An unknown value ends no alert and starts none: it is a state of its own. An alert that fired
 * ends only after `clearFor` seconds of clear values; one that is pending ends with the first value that is not raised.
 */
export function decide({ kept, value, limits, severity: usual, at }: Given): Judged {
  if (value === null) return { ...(kept ?? fresh(at, usual)), state: 'unknown', clearingSince: null }
  const { raised, cleared } = comparison(limits, value)
  if (kept === null || kept.firedAt === null) {
    if (!raised) return { state: 'ok' }
    const begun = kept?.state === 'pending' ? kept : fresh(at, usual)
    const seen = worse(begun, { value, limits, usual })
    const fires = at - begun.since >= limits.pendingFor * 1000
    return fires ? { ...seen, state: 'firing', firedAt: at } : { ...seen, state: 'pending' }
  }
  if (!cleared) {
    const seen = worse(kept, { value, limits, usual })
    return { ...seen, state: 'firing', clearingSince: null }
  }
  const clearingSince = kept.clearingSince ?? at
  if (at - clearingSince >= limits.clearFor * 1000) return { state: 'resolved' }
  return { ...kept, state: 'firing', clearingSince }
}

/** Whether a value is beyond the limit, and whether it is clear. Between the two neither holds. */
export function comparison({ raise, clear }: Pick<Limits, 'raise' | 'clear'>, value: number) {
  return isHighBad({ raise, clear })
    ? { raised: value > raise, cleared: value <= clear }
    : { raised: value < raise, cleared: value >= clear }
}

function isHighBad({ raise, clear }: Pick<Limits, 'raise' | 'clear'>): boolean {
  return raise >= clear
}

function fresh(at: number, severity: 'warning' | 'critical'): Kept {
  return { state: 'pending', severity, since: at, firedAt: null, clearingSince: null, count: 0, peak: null }
}

/** The severity of an alert rises and never falls. */
function worse(
  kept: Kept,
  { value, limits, usual }: { value: number; limits: Limits; usual: Kept['severity'] },
): Kept {
  const high = isHighBad(limits)
  const { critical } = limits
  const isCritical = critical !== undefined && (high ? value > critical : value < critical)
  const further = high ? Math.max : Math.min
  return {
    ...kept,
    severity: isCritical || kept.severity === 'critical' ? 'critical' : usual,
    count: kept.count + 1,
    peak: kept.peak === null ? value : further(kept.peak, value),
  }
}

type Sample = { at: number; value: number | null }

/** The alerts that a series would have fired under these limits: when each fired and when it ended. */
export function replay(
  samples: readonly Sample[],
  { limits, severity }: { limits: Limits; severity: Kept['severity'] },
): { firedAt: number; endedAt: number | null; peak: number | null }[] {
  const fired: { firedAt: number; endedAt: number | null; peak: number | null }[] = []
  let kept: Kept | null = null
  for (const { at, value } of samples) {
    const next: Judged = decide({ kept, value, limits, severity, at })
    const open = fired.at(-1)
    if (next.state === 'ok' || next.state === 'resolved') {
      if (next.state === 'resolved' && open) open.endedAt = at
      kept = null
      continue
    }
    if (kept?.firedAt == null && next.firedAt !== null)
      fired.push({ firedAt: next.firedAt, endedAt: null, peak: next.peak })
    else if (next.firedAt !== null && open) open.peak = next.peak
    kept = next
  }
  return fired
}
