import type { weatherTypes } from '../../../schema/space/states.ts'
import { flareRank } from '../rules.ts'

/** The least rank of a class: a flare's letter and number (a bare letter is the start of its class), a storm's Kp index or an ejection's km/s. Null for any other class. */
export function rankOfClass(type: (typeof weatherTypes)[number], minClass: string): number | null {
  if (type === 'flr') return flareRank(/\d/.test(minClass) ? minClass : `${minClass}0`)
  const number = Number(minClass)
  if (type === 'gst' && number >= 0 && number <= 9) return number * 10
  return type === 'cme' && number >= 0 && number <= 9_999 ? number : null
}
