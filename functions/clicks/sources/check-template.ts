import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { faultOf } from '../../core/url-guard.ts'
import { destinationFault } from '../offers/destination-fault.ts'
import { postbackMacros } from './postback-macros.ts'

/** The refusal of a template that cannot be called, or null. */
export function checkTemplate({ env }: Ctx, template: string | null | undefined): Refused | null {
  if (template === null || template === undefined) return null
  const message = destinationFault(template, postbackMacros) ?? guardFault(template, env.POSTBACK_ALLOW)
  if (message === null) return null
  const errors = [{ path: 'postbackTemplate', message }]
  return { ok: false, reason: 'destination_invalid', detail: `postbackTemplate: ${message}`, errors }
}

/** Macros stand behind the host only, so they do not change who is called. */
function guardFault(template: string, allowed: readonly string[]): string | null {
  const fault = faultOf(template.replaceAll(/[{}]/g, ''), allowed)
  return fault === null ? null : `The Worker cannot call this URL: ${fault}`
}
