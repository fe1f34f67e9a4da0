import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { answer, effect } from '../../functions/core/idempotency.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment, key } from './environment.ts'

const { database, ctx } = await freshEnvironment()

it('a key that is taken again after a day needs an answer of its own', async () => {
  const request = () => ctx({ idempotency: key('old') })
  const settled = (value: string) => effect(request(), sent`select ${answer(sql`to_jsonb(${value}::text)`)}`)
  expect(await settled('first')).toBe('first')
  await database.admin.query(`update core.idempotency_keys set created_at = now() - interval '25 hours'`)
  const unsettled = await failure(effect(request(), sent`select 'second' as outcome, null as position`))
  expect(String(unsettled)).toContain('did not settle its answer')
  expect(await settled('third')).toBe('third')
  expect(await settled('fourth')).toBe('third')
})
