import { conversionStatuses } from '../../../schema/clicks/states.ts'
import { exponentOf, isCurrency } from '../../core/currencies.ts'
import { cut } from '../../core/cut.ts'
import { AppError } from '../../core/errors.ts'
import { mostPayoutMinor, type PostbackField, postbackFields } from '../contract.ts'
import type { PostbackSource } from '../sources/cached-source.ts'

/** The currency of the campaign decides how much an amount without a currency is, so a statement may find this out. */
export const tooMuch = `Must be at most ${mostPayoutMinor} minor units`

/** A postback, read by the rules of its source. */
export type Report = {
  clickId: string
  type: string
  txid: string
  status: (typeof conversionStatuses)[number]
  /** Null without a payout, or while its currency is that of a campaign that is not known yet. */
  payoutMinor: number | null
  currency: string | null
  /** The payout as decimal text, for the currency of the campaign. */
  amount: string | null
  /** The fields as they came. */
  data: Partial<Record<PostbackField, string>>
}

type Sent = Readonly<Record<string, string>>

/** Reads the fields of a postback. A macro that the network did not replace counts as missing. */
export function readPostback({ paramMap, statusMap }: PostbackSource, sent: Sent): Report {
  const data: Report['data'] = {}
  for (const field of Object.keys(postbackFields) as PostbackField[]) {
    const value = sent[paramMap[field] ?? postbackFields[field]]?.trim() ?? ''
    if (value !== '' && !isUnreplaced(value)) data[field] = cut(value, 300)
  }
  const { clickid = '', type = 'conversion', txid = '', payout, currency } = data
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clickid))
    refuse('clickid', 'Must be the id of a click')
  if (!/^[\w.-]{1,64}$/.test(type)) refuse('type', 'Must be 1 to 64 letters, digits and _ . -')
  if (txid.length > 200) refuse('txid', 'Must be at most 200 characters')
  const code = currency?.toUpperCase() ?? null
  if (code !== null && !isCurrency(code)) refuse('currency', 'Must be a currency of ISO 4217')
  if (payout !== undefined && !/^\d{1,15}(\.\d{1,9})?$/.test(payout))
    refuse('payout', 'Must be a decimal number, such as 1.50')
  return {
    clickId: clickid.toLowerCase(),
    type,
    txid,
    status: statusOf(statusMap, data.status),
    payoutMinor: payout === undefined || code === null ? null : minorOf(payout, code),
    currency: payout === undefined ? null : code,
    amount: payout !== undefined && code === null ? payout : null,
    data,
  }
}

/** `{payout}`, `{{payout}}`, `${payout}`, `[payout]`, `%payout%`, `#payout#` */
function isUnreplaced(value: string): boolean {
  return /^(\$?\{{1,2}[\w .-]*\}{1,2}|\[[\w .-]*\]|%[A-Za-z_]\w*%|#\w+#)$/.test(value)
}

function statusOf(map: Readonly<Record<string, string>>, word = 'approved'): Report['status'] {
  const mapped = Object.entries(map).find(([name]) => name.toLowerCase() === word.toLowerCase())?.[1]
  const status = conversionStatuses.find((one) => one === (mapped ?? word.toLowerCase()))
  return status ?? refuse('status', `Must be ${conversionStatuses.join(', ')}, or a word of the status map`)
}

/** Decimal text in minor units, exactly. */
function minorOf(payout: string, currency: string): number {
  const [whole = '', fraction = ''] = payout.split('.')
  const digits = exponentOf(currency)
  if (/[1-9]/.test(fraction.slice(digits))) tooPrecise(currency, digits)
  const minor = Number(`${whole}${fraction.slice(0, digits).padEnd(digits, '0')}`)
  return minor <= mostPayoutMinor ? minor : refuse('payout', tooMuch)
}

function tooPrecise(currency: string, digits: number): never {
  const message = `${currency} has ${digits} decimals`
  throw new AppError('unprocessable', message, { errors: [{ path: 'payout', message }] })
}

function refuse(path: string, message: string): never {
  throw new AppError('validation_failed', `The postback does not match the contract: ${path}`, {
    errors: [{ path, message }],
  })
}
