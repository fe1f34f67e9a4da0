import type { Refused } from '../../core/errors.ts'
import { destinationFault } from '../offers/destination-fault.ts'

type Destinations = {
  fallbackUrl?: string | null | undefined
  offers?: readonly { url: string }[] | undefined
  landingPages?: readonly { url: string }[] | undefined
}

/** The refusal that names each destination to which visitors cannot be sent, or null. */
export function checkDestinations({
  fallbackUrl = null,
  offers = [],
  landingPages = [],
}: Destinations): Refused | null {
  const errors = [
    ...(fallbackUrl === null ? [] : [{ path: 'fallbackUrl', message: fallbackFault(fallbackUrl) }]),
    ...offers.map(({ url }, at) => ({ path: `offers.${at}.url`, message: offerFault(url) })),
    ...landingPages.map(({ url }, at) => ({
      path: `landingPages.${at}.url`,
      message: destinationFault(url),
    })),
  ].filter(({ message }) => message !== null)
  const [first] = errors
  return first === undefined
    ? null
    : { ok: false, reason: 'destination_invalid', detail: `${first.path}: ${first.message}`, errors }
}

function fallbackFault(url: string): string | null {
  return /[{}]/.test(url) ? 'A fallback has no macros, because it belongs to no click' : destinationFault(url)
}

function offerFault(url: string): string | null {
  return url.includes('{offerlink}') ? 'Only a landing page can lead on to an offer' : destinationFault(url)
}
