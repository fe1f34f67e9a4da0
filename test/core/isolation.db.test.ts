import { expect, it } from 'vitest'
import { transactBatch } from '../../functions/core/transact.ts'
import { sent } from '../support/sent.ts'
import { freshEnvironment } from './environment.ts'

const { ctx } = await freshEnvironment()

it('a batch runs at its isolation level, serializable unless the caller names another', async () => {
  const level = sent`select current_setting('transaction_isolation') as level`
  expect(await transactBatch(ctx(), [level])).toEqual([[{ level: 'serializable' }]])
  const weaker = { isolation: 'RepeatableRead' } as const
  expect(await transactBatch(ctx(), [level], weaker)).toEqual([[{ level: 'repeatable read' }]])
})
