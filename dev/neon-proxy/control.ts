import { type FaultSettings, type Faults, isFaultSetting } from './faults.ts'
import { Refusal } from './refusal.ts'
import { reply } from './reply.ts'
import { readBody, readJson } from './request.ts'
import type { Exchange } from './sql.ts'

/** GET /faults returns the faults, POST /faults changes the named ones and `seed`, DELETE /faults clears them. */
export async function answerFaults({ req, res }: Exchange, faults: Faults): Promise<void> {
  try {
    if (req.method === 'DELETE') faults.clear()
    if (req.method === 'POST') apply(faults, readJson(await readBody(req, 10_000)))
    reply(res, 200, { settings: faults.settings, counts: faults.counts })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    reply(res, error.status, { message: error.message })
  }
}

function apply(faults: Faults, body: unknown): void {
  if (typeof body !== 'object' || body === null) throw new Refusal(400, 'expected an object')
  const { seed, ...changes } = { ...body } as Record<string, unknown>
  for (const [name, value] of Object.entries(changes)) {
    if (!isFaultSetting(name)) throw new Refusal(400, `no such fault: ${name}`)
    if (!fits(faults.settings[name], value)) throw new Refusal(400, `not a value for ${name}`)
  }
  if (typeof seed === 'number') faults.seed(seed)
  faults.set(changes)
}

// Probabilities and counts are numbers, and `cancelWhenCut` is a boolean. The two optional settings may be null.
function fits(current: FaultSettings[keyof FaultSettings], value: unknown): boolean {
  if (typeof current === 'boolean') return typeof value === 'boolean'
  if (typeof current === 'number') return typeof value === 'number' && value >= 0
  return value === null || ['string', 'number'].includes(typeof value)
}
