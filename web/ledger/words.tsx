import type { BetStatus } from '../../functions/ledger/bets/contract.ts'
import type { PaymentStatus } from '../../functions/ledger/payments/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Sections } from '../parts/sections.tsx'
import { Money } from '../parts/value.tsx'

const base = '/app/books'

/** The pages of the books. */
export function BooksSections() {
  return (
    <Sections
      label="Books"
      links={[
        { href: base, title: 'Overview' },
        { href: `${base}/bets`, title: 'Bets' },
        { href: `${base}/payments`, title: 'Payments' },
      ]}
    />
  )
}

const tones: Record<BetStatus | PaymentStatus, Tone> = {
  placed: 'accent',
  requested: 'accent',
  accepted: 'accent',
  won: 'ok',
  completed: 'ok',
  lost: 'plain',
  cashed_out: 'plain',
  voided: 'warn',
  cancelled: 'warn',
  rejected: 'warn',
  failed: 'bad',
  charged_back: 'bad',
}

export function State({ status }: { status: BetStatus | PaymentStatus }) {
  return <Badge word={status.replaceAll('_', ' ')} tone={tones[status]} />
}

/** A sum beyond 2^53 minor units travels as text, and is shown exactly, in minor units. */
export function Sum({ at, minor, currency }: { at: string; minor: number | string; currency: string }) {
  if (typeof minor === 'number') return <Money at={at} minor={minor} currency={currency} />
  return (
    <data class="value" value={minor} data-at={at}>
      {minor} minor units {currency}
    </data>
  )
}

/** A bet that has ended without a payout paid nothing; only an open one may still pay. */
export const withoutPayout = (status: BetStatus) =>
  status === 'placed' || status === 'accepted' ? 'open' : 'none'

/** `V1_BALANCES_BALANCE_CREDITED` is read as `balance credited`. */
export function eventWords(type: string): string {
  return type
    .replace(/^V\d+_[A-Z]+_/, '')
    .replaceAll('_', ' ')
    .toLowerCase()
}

export const userHref = (userId: string) => `${base}/users/${encodeURIComponent(userId)}`
export const betHref = (id: string) => `${base}/bets/${encodeURIComponent(id)}`
export const paymentHref = (id: string) => `${base}/payments/${encodeURIComponent(id)}`
