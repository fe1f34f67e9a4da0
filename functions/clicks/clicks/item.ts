import { cut } from '../../core/cut.ts'
import type { Config, LinkColumn } from '../contract.ts'
import { linkColumns } from '../contract.ts'
import type { Choice } from '../rules.ts'
import type { Visit } from './read-visit.ts'

/** A click in a message. The consumer reads its members by these names (clicks/store.ts). */
export type ClickItem = {
  kind: 'click' | 'preview' | 'fallback'
  id: string
  campaign: number
  version: number
  page: number | null
  offer: number | null
  source: number | null
  key: string | null
  prefix: string | null
  agent: string | null
  bot: string | null
  referrer: string | null
  country: string | null
  asn: number | null
  device: string | null
  os: string | null
  browser: string | null
  asked: { languages?: string[]; query?: Record<string, string> } | null
  currency: string
  costMilli: number
} & Partial<Record<LinkColumn, string>>

/** Something that a visitor did with a click. */
export type EventItem = {
  kind: 'event'
  id: string
  click: string
  /** The campaign of the link. The consumer refuses the event if the click belongs to another one. */
  campaign: number
  type: string
  data: Record<string, unknown>
}

type Clicked = {
  id: string
  config: Config
  visit: Visit
  links: Partial<Record<LinkColumn, string>>
  choice: Choice | null
}

export function clickItem({ id, config, visit, links, choice }: Clicked): ClickItem {
  const kind = visit.isPreview ? 'preview' : choice === null ? 'fallback' : 'click'
  const { country, device, os } = visit.asking
  return {
    kind,
    id,
    campaign: config.id,
    version: config.version,
    page: choice?.landingPage?.id ?? null,
    offer: choice?.offer?.id ?? null,
    source: config.source?.id ?? null,
    key: visit.key,
    prefix: visit.prefix,
    agent: visit.agent === '' ? null : visit.agent,
    bot: visit.bot,
    referrer: visit.referrer,
    country,
    asn: visit.asn,
    device,
    os,
    browser: visit.browser,
    asked: askedOf(config, visit),
    currency: config.currency,
    costMilli: kind === 'click' ? costMilliOf(config) : 0,
    ...links,
  }
}

/** The values that the link gives for the columns of a click. */
export function linksOf(
  { source }: Pick<Config, 'source'>,
  query: Readonly<Record<string, string>>,
): Partial<Record<LinkColumn, string>> {
  return Object.fromEntries(
    Object.entries(linkNames({ source })).flatMap(([column, name]) => {
      const value = query[name]
      return value === undefined || value === '' ? [] : [[column, cut(value, 200)]]
    }),
  )
}

/** The parameter of the link for each column. The map of a source also names fields of postbacks. */
export function linkNames({ source }: Pick<Config, 'source'>): Record<LinkColumn, string> {
  const names: Record<LinkColumn, string> = { ...linkColumns }
  for (const column of Object.keys(linkColumns) as LinkColumn[])
    names[column] = source?.paramMap[column] ?? linkColumns[column]
  return names
}

/** Only members that a target compares, so that the choice can be recomputed and no more is kept. */
function askedOf({ offers, landingPages }: Config, { asking }: Visit): ClickItem['asked'] {
  const targets = [...offers, ...landingPages].map((part) => part.targets)
  const names = targets.flatMap(({ query = {} }) => Object.keys(query))
  const query = Object.fromEntries(
    names.flatMap((name) => {
      const value = asking.query[name]
      return value === undefined ? [] : [[name, cut(value, 200)]]
    }),
  )
  const asked = {
    ...(targets.some(({ languages }) => languages !== undefined) && { languages: [...asking.languages] }),
    ...(names.length > 0 && { query }),
  }
  return Object.keys(asked).length === 0 ? null : asked
}

function costMilliOf({ costModel, costMinor }: Config): number {
  if (costModel === 'cpc') return (costMinor ?? 0) * 1_000
  return costModel === 'cpm' ? (costMinor ?? 0) : 0
}
