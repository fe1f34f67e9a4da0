import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { named } from '../../../functions/core/named.ts'
import { orderWebhooks } from '../../../functions/dispatch/events/contract.ts'
import { orderOutgoing } from '../../../functions/dispatch/feed.ts'
import { orderEventTypes } from '../../../schema/dispatch/states.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin } from '../support/given.ts'

const database = await freshDatabase()
const { db } = contextsOf(database, await freshProxy(database))(asAdmin)

it('webhooks receive each name that the document lists, and no other', async () => {
  const rows = await db.query<{ name: string }>(named('tests.documented-names')`
    select distinct ${orderOutgoing.type} as name
    from unnest(${sql.param([...orderEventTypes])}::text[]) as e (type)
    where ${orderOutgoing.where}`)
  expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(orderWebhooks).toSorted())
})
