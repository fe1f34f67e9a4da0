import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { faultsOf, shortFault, unstorable } from '../../core/faults.ts'
import { checkDestinations } from './check-destinations.ts'
import { NewCampaign } from './contract.ts'
import { type Created, createCampaigns } from './create.ts'

/** Creates the valid campaigns in one statement and answers a refusal for each invalid item. */
export async function createCampaignsOf(ctx: Ctx, items: readonly unknown[]): Promise<Created[]> {
  const decisions = items.map(validate)
  const valid = decisions.flatMap((one) => (one.ok ? [one.campaign] : []))
  const created = (valid.length === 0 ? [] : await createCampaigns(ctx, valid)).values()
  return decisions.map((one) => (one.ok ? (created.next().value ?? unanswered()) : one))
}

/** The answer to a batch must not outgrow the batch. */
const mostFaultsOfAnItem = 5

function validate(sent: unknown): { ok: true; campaign: NewCampaign } | Refused {
  const fault = unstorable(sent)
  if (fault) return { ok: false, reason: 'validation_failed', errors: [shortFault(fault)] }
  const { success, data, error } = NewCampaign.safeParse(sent)
  if (!success)
    return { ok: false, reason: 'validation_failed', errors: faultsOf(error, { most: mostFaultsOfAnItem }) }
  return checkDestinations(data) ?? { ok: true, campaign: data }
}

function unanswered(): never {
  throw new Error('The statement answered fewer campaigns than it received')
}
