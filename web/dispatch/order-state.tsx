import { Badge } from '../parts/badge.tsx'
import { Left } from '../parts/value.tsx'
import { type Listed, states } from './order.ts'

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
