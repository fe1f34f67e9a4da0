import type { Config } from '../contract.ts'
import { choose } from '../rules.ts'
import { localTime } from './local-time.ts'

/** A click as far as its choice goes. */
export type Chosen = {
  id: string
  kind: string
  landingPageId: number | null
  offerId: number | null
  key: string | null
  country: string | null
  device: string | null
  os: string | null
  asked: { languages?: string[]; query?: Record<string, string> } | null
  createdAt: string
  erasedAt: string | null
}

/**
 * Whether the choice of a click follows again from the configuration that its redirect read. Null for a click that was led
 * nowhere, which depends on the counts of that moment, and for an erased visitor, whose key is gone.
 */
export function choiceFollows(config: Config, click: Chosen): boolean | null {
  if ((click.landingPageId ?? click.offerId) === null || click.erasedAt !== null) return null
  const { country, device, os, asked, createdAt } = click
  const local = localTime(config.timezone, new Date(createdAt))
  const asking = { country, device, os, languages: asked?.languages ?? [], query: asked?.query ?? {}, local }
  const { landingPage, offer } = choose(config, asking, click.key ?? click.id)
  return (landingPage?.id ?? null) === click.landingPageId && (offer?.id ?? null) === click.offerId
}
