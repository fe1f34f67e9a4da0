import { expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

const worker = await freshWorker()

it('answers from workerd', async () => {
  expect((await worker.fetch('/healthz')).status).toBe(200)
})
