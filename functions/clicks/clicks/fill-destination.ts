import type { Config, LinkColumn } from '../contract.ts'
import { fillMacros } from '../offers/fill.ts'

type Filling = {
  id: string
  config: Config
  links: Partial<Record<LinkColumn, string>>
  country: string | null
  device: string | null
  /** Null for an offer, from which no link leads on. */
  offerlink: string | null
}

/** The URL of a landing page or an offer for one click. */
export function fillDestination(
  url: string,
  { id, config, links, country, device, offerlink }: Filling,
): string {
  const { sub1, sub2, sub3, sub4, sub5 } = links
  return fillMacros(url, {
    clickid: id,
    campaign: config.slug,
    source: config.source?.slug ?? null,
    sub1,
    sub2,
    sub3,
    sub4,
    sub5,
    country,
    device,
    offerlink,
  })
}
