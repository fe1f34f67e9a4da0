import { exponentOf } from '../../core/currencies.ts'
import { fillMacros } from '../offers/fill.ts'
import type { postbackMacros } from '../sources/postback-macros.ts'

/** The conversion, its click and its campaign, as a claimed postback has them. */
export type Told = {
  clickId: string
  externalId: string | null
  type: string
  txid: string
  status: string
  payoutMinor: string
  currency: string
  campaign: string
  source: string
  sub1: string | null
  sub2: string | null
  sub3: string | null
  sub4: string | null
  sub5: string | null
}

/** The URL that reports a conversion to its source. */
export function fillTemplate(template: string, told: Told): string {
  const {
    clickId,
    externalId,
    type,
    txid,
    status,
    currency,
    campaign,
    source,
    sub1,
    sub2,
    sub3,
    sub4,
    sub5,
  } = told
  const values: Record<(typeof postbackMacros)[number], string | null> = {
    clickid: clickId,
    externalid: externalId,
    type,
    txid,
    status,
    payout: decimal(told.payoutMinor, exponentOf(currency)),
    currency,
    campaign,
    source,
    sub1,
    sub2,
    sub3,
    sub4,
    sub5,
  }
  return fillMacros(template, values)
}

/** Minor units as decimal text: 1234 with two digits is 12.34. */
function decimal(minor: string, digits: number): string {
  if (digits === 0) return minor
  const padded = minor.padStart(digits + 1, '0')
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`
}
