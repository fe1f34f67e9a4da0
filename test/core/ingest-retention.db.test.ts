import { expect, it } from 'vitest'
import { consume } from '../../functions/core/consume.ts'
import { effect } from '../../functions/core/idempotency.ts'
import { ingestDurably } from '../../functions/core/ingest.ts'
import { removeOldMessages } from '../../functions/core/ingest-retention.ts'
import { freshEnvironment } from './environment.ts'
import { accountingOf, delivered, isolateOf, sumsOf } from './probe/isolate.ts'
import { probeQueue, probeTables } from './probe/module.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
await admin.query(probeTables)

it('removes the messages of a source after seven silent days, and the sums keep its missing items', async () => {
  const [old, young] = [isolateOf(environment), isolateOf(environment)]
  for (const { ctx } of [old, young])
    for (let at = 0; at < 5; at += 1) await ingestDurably(ctx, 'probe', [{ value: at }, { value: at }])
  const arriving = [old, young].flatMap(({ queue }) => queue.accepted.filter(({ n }) => n !== 3))
  await consume(
    environment.ctx(),
    probeQueue,
    arriving.map((body) => delivered(body)),
  )
  const source = old.queue.accepted[0]?.source
  await admin.query(
    `update core.ingest_sources set received_at = received_at - interval '7 days 1 minute' where source = $1`,
    [source],
  )
  await admin.query(`update core.ingest_messages set received_at = received_at - interval '8 days'`)
  const before = await sumsOf(environment.ctx())
  expect(before).toMatchObject({ answered: 20, stored: 16, missing: 4 })
  expect(await effect(environment.ctx(), removeOldMessages())).toMatchObject({
    messages: 4,
    minutesWithMissing: 1,
  })
  expect(await effect(environment.ctx(), removeOldMessages())).toMatchObject({
    messages: 0,
    minutesWithMissing: 0,
  })
  expect(await sumsOf(environment.ctx())).toEqual(before)
  expect((await accountingOf(environment.ctx())).gaps).toHaveLength(1)
  const { rows } = await admin.query(
    'select count(*)::int as n from core.ingest_messages where source = $1',
    [source],
  )
  expect(rows).toEqual([{ n: 0 }])
})
