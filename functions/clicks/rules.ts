import type { ruleClasses, ruleFacts, ruleOperators, validities } from '../../schema/clicks/states.ts'
import type { Config, Counts, Part, Targets } from './contract.ts'

/** The visitor, as the choice sees it. `local` is the time in the zone of the campaign. */
export type Asking = {
  country: string | null
  device: string | null
  os: string | null
  languages: readonly string[]
  query: Readonly<Record<string, string>>
  local: { day: string; hour: number }
}

export type Choice = { landingPage: Part | null; offer: Part | null }

/** Null while visitors are welcome, else the reason why they are sent to the fallback. */
export function closedFor(
  { status, startsAt, endsAt, capDay, capTotal }: Config,
  counts: Counts | null,
  at: { now: string; day: string },
): 'paused' | 'not_begun' | 'ended' | 'capped' | null {
  if (status !== 'active') return 'paused'
  // Both are UTC with a fixed form, so their order is that of their texts, to the millisecond.
  if (startsAt !== null && at.now < startsAt) return 'not_begun'
  if (endsAt !== null && at.now >= endsAt) return 'ended'
  if (counts === null) return null
  if (capTotal !== null && counts.total >= capTotal) return 'capped'
  if (capDay !== null && counts.day === at.day && counts.today >= capDay) return 'capped'
  return null
}

/** The same key gets the same choice, and a changed weight moves only its share of the keys. */
export function choose(config: Pick<Config, 'landingPages' | 'offers'>, asking: Asking, key: string): Choice {
  const fitting = (parts: readonly Part[]) => parts.filter(({ targets }) => fits(targets, asking))
  return {
    landingPage: byRendezvous(fitting(config.landingPages), `${key}/page/`),
    offer: byRendezvous(fitting(config.offers), `${key}/offer/`),
  }
}

export function fits(targets: Targets, asking: Asking): boolean {
  const { countries, devices, os, languages, query = {}, hours } = targets
  return (
    isAmong(countries, asking.country) &&
    isAmong(devices, asking.device) &&
    isAmong(os, asking.os) &&
    (languages === undefined || languages.some((one) => asking.languages.includes(one))) &&
    (hours === undefined || hours.includes(asking.local.hour)) &&
    Object.entries(query).every(([name, values]) => isAmong(values, asking.query[name] ?? null))
  )
}

function isAmong(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value))
}

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): each part draws -weight / ln(hash), and the highest
 * draw wins. The draw of a part depends on its own weight alone.
 */
function byRendezvous(parts: readonly Part[], key: string): Part | null {
  let [best, highest]: [Part | null, number] = [null, 0]
  for (const part of parts) {
    const draw = -part.weight / Math.log(hashOf(`${key}${part.id}`))
    if (draw > highest) [best, highest] = [part, draw]
  }
  return best
}

/** cyrb53, a public domain hash of 53 bits, as a number between 0 and 1, both excluded. */
function hashOf(text: string): number {
  let [low, high] = [0xdeadbeef, 0x41c6ce57]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 2654435761)
    high = Math.imul(high ^ code, 1597334677)
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  return (4294967296 * (2097151 & high) + (low >>> 0) + 0.5) / 2 ** 53
}

export type Rule = {
  name: string
  fact: (typeof ruleFacts)[number]
  op: (typeof ruleOperators)[number]
  value: unknown
  weight: number
  class: (typeof ruleClasses)[number]
  reason: string
}

export type Decision = { validity: (typeof validities)[number]; reasons: string[] }

/** A click is invalid from this weight on. */
const invalidFrom = 100

/** The specification of the consumer's decision about a click. `rules/apply.ts` says the same in SQL. */
export function decideValidity(facts: Readonly<Record<string, unknown>>, rules: readonly Rule[]): Decision {
  const met = rules.filter(({ fact, op, value }) => holds(facts[fact], op, value))
  const weightOf = (those: readonly Rule[]) => those.reduce((sum, { weight }) => sum + weight, 0)
  const reasons = met.map(({ name }) => name).sort()
  if (weightOf(met) < invalidFrom) return { validity: 'valid', reasons }
  const isGeneral = weightOf(met.filter((rule) => rule.class === 'G')) >= invalidFrom
  return { validity: isGeneral ? 'general' : 'sophisticated', reasons }
}

/** A fact that a click lacks meets no comparison, and numbers are compared with numbers only. */
function holds(fact: unknown, op: Rule['op'], value: unknown): boolean {
  if (fact === undefined || fact === null) return false
  if (op === 'eq') return fact === value
  if (op === 'ne') return fact !== value
  if (op === 'in') return Array.isArray(value) && value.includes(fact)
  if (typeof fact !== 'number' || typeof value !== 'number') return false
  if (op === 'lt') return fact < value
  if (op === 'lte') return fact <= value
  return op === 'gt' ? fact > value : fact >= value
}

/** From which states a campaign may take a step, and where it leads. */
export const campaignSteps = {
  pause: { from: ['active'], to: 'paused' },
  resume: { from: ['paused'], to: 'active' },
  archive: { from: ['active', 'paused'], to: 'archived' },
} as const satisfies Record<string, { from: readonly Config['status'][]; to: Config['status'] }>

/** A postback to a source is tried so often, within a day: after 1, 8 and 64 minutes and after eight and a half hours. */
export const postbackTries = 5
export const postbackPauses = { firstMs: 60_000, factor: 8, longestMs: 9 * 3_600_000 }

export type NextTry = { state: 'delivered' } | { state: 'dead' } | { state: 'waiting'; afterMs: number }

/** The state of a postback to a source after a try. A source that answers 410 is not called again. */
export function afterTry(outcome: string, { tries, pauseMs }: { tries: number; pauseMs: number }): NextTry {
  if (outcome === 'delivered') return { state: 'delivered' }
  if (outcome === 'gone' || tries >= postbackTries) return { state: 'dead' }
  return { state: 'waiting', afterMs: pauseMs }
}
