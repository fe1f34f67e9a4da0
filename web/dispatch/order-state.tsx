import { Badge, type Tone } from '../parts/badge.tsx'
import { Left } from '../parts/value.tsx'
import type { Listed } from './order.ts'

/** The word and tone of each state, in the order of an order's life. */
export const states: Readonly<Record<Listed['status'], { word: string; tone: Tone }>> = {
  new: { word: 'new', tone: 'accent' },
  assigned: { word: 'assigned', tone: 'warn' },
  accepted: { word: 'accepted', tone: 'ok' },
  picked_up: { word: 'picked up', tone: 'ok' },
  delivered: { word: 'delivered', tone: 'plain' },
  failed: { word: 'failed', tone: 'bad' },
  returned: { word: 'returned', tone: 'plain' },
  canceled: { word: 'canceled', tone: 'plain' },
}

export const statusOptions = Object.entries(states).map(([value, { word }]) => ({ value, label: word }))

/** The state of an order, and while it is only assigned the time that its courier has left to accept it. */
export function OrderState({ order }: { order: Pick<Listed, 'status' | 'lease'> }) {
  const { word, tone } = states[order.status]
  return (
    <>
      <Badge word={word} tone={tone} />
      {order.lease && (
        <>
          {' '}
          <Left iso={order.lease.expiresAt} />
        </>
      )}
    </>
  )
}
