import { mustBe } from '../method.ts'
import type { BenchWorker } from '../rig.ts'

/** An order of the first store, by the API. Returns its id. */
export async function newOrder(worker: BenchWorker): Promise<number> {
  const response = await fetch(`${worker.url}/v1/dispatch/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await worker.token('admin', 1)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      storeId: 1,
      deliveryAddress: '2 Long Lane',
      recipientName: 'Ada',
      phone: '+44 20 7946 0000',
      boxesCount: 1,
    }),
  })
  mustBe(response.status, 201, 'the answer to an order')
  const answer: unknown = await response.json()
  return (answer as { id: number }).id
}
