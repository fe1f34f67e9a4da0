import type { Config, LinkColumn, Part } from '../contract.ts'
import { linkNames } from './item.ts'

type Link = {
  id: string
  config: Config
  offer: Part | null
  links: Partial<Record<LinkColumn, string>>
  origin: string
}

/**
 * The link by which a landing page sends its visitor on to the offer. It carries those parameters that an offer has a macro
 * for, because the way on reads no database.
 */
export function offerLink({ id, config, offer, links, origin }: Link): string {
  const link = new URL(`/o/${id}`, origin)
  link.searchParams.set('c', config.slug)
  if (offer !== null) link.searchParams.set('o', String(offer.id))
  const names = linkNames(config)
  for (const column of ['sub1', 'sub2', 'sub3', 'sub4', 'sub5'] as const) {
    const value = links[column]
    if (value !== undefined && config.offers.some(({ url }) => url.includes(`{${column}}`)))
      link.searchParams.set(names[column], value)
  }
  return link.href
}
