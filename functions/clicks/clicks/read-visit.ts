import type { Ctx } from '../../core/context.ts'
import { cut } from '../../core/cut.ts'
import type { Config } from '../contract.ts'
import type { Asking } from '../rules.ts'
import { readAgent } from './agent.ts'
import { botIn } from './bot.ts'
import { localTime } from './local-time.ts'
import { prefixOf } from './prefix-of.ts'
import { visitorKey } from './visitor-key.ts'

type Sent = { request: Request; query: Readonly<Record<string, string>> }

/** A visitor as the redirect sees it. The address goes no further than this function. */
export type Visit = {
  asking: Asking
  /** Null if the visitor asks not to be recognized, or if there is no salt. */
  key: string | null
  prefix: string | null
  agent: string
  bot: string | null
  browser: string | null
  asn: number | null
  referrer: string | null
  /** Nobody has followed the link yet: a HEAD, or a page fetched ahead. */
  isPreview: boolean
}

export async function readVisit(ctx: Ctx, { request, query }: Sent, { timezone }: Config): Promise<Visit> {
  const { headers } = request
  const agent = cut(headers.get('user-agent') ?? '', 512)
  const address = headers.get('cf-connecting-ip') ?? ''
  const isPrivate = headers.get('sec-gpc') === '1' || headers.get('dnt') === '1'
  const { country, asn } = placeOf(request)
  const { device, os, browser } = readAgent(agent)
  return {
    asking: {
      country,
      device,
      os,
      languages: languagesOf(headers.get('accept-language') ?? ''),
      query,
      local: localTime(timezone, ctx.now()),
    },
    key: isPrivate || address === '' ? null : await visitorKey(ctx, { address, agent }),
    prefix: isPrivate ? null : prefixOf(address),
    agent,
    bot: botIn(agent),
    browser,
    asn,
    referrer: referrerOf(headers.get('referer')),
    isPreview: request.method === 'HEAD' || isFetchedAhead(headers),
  }
}

/** Cloudflare's place of the address. XX stands for unknown. */
function placeOf({ cf }: Request): { country: string | null; asn: number | null } {
  const { country, asn } = cf ?? {}
  return {
    country:
      typeof country === 'string' && /^[A-Z][A-Z0-9]$/.test(country) && country !== 'XX' ? country : null,
    asn: typeof asn === 'number' ? asn : null,
  }
}

/** Primary languages in the order of the header; q=0 refuses one. */
function languagesOf(header: string): string[] {
  return header
    .split(',')
    .slice(0, 20)
    .flatMap((part) => {
      const [tag = '', ...more] = part.trim().toLowerCase().split(';')
      const [primary = ''] = tag.split('-')
      const isRefused = more.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one))
      return /^[a-z]{2,3}$/.test(primary) && !isRefused ? [primary] : []
    })
}

/** Without query and fragment, which may hold data of a person. */
function referrerOf(header: string | null): string | null {
  const url = header === null ? null : URL.parse(header)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return cut(`${url.origin}${url.pathname}`, 500)
}

function isFetchedAhead(headers: Headers): boolean {
  return (
    /prefetch|prerender/i.test(headers.get('sec-purpose') ?? '') ||
    /prefetch|preview/i.test(headers.get('purpose') ?? '') ||
    /prefetch/i.test(headers.get('x-moz') ?? '') ||
    /preview|prefetch/i.test(headers.get('x-purpose') ?? '')
  )
}
