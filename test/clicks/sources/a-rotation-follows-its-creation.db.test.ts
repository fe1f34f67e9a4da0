import { expect, it } from 'vitest'
import { createSource } from '../../../functions/clicks/sources/create.ts'
import { rotateSecret } from '../../../functions/clicks/sources/rotate.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { freshDatabase } from '../../support/database.ts'

const { ctx } = await freshEnvironment()
// It shows no write of the primary, as a standby that has not replayed it yet.
const standby = await freshDatabase()

it('a rotation finds a source that no replica shows yet', async () => {
  const one = ctx({
    principal: { role: 'partner', sub: 'acme', tenantId: null },
    bindings: {
      DATABASE_URL_REPLICAS: standby.workerUrl,
      POSTBACK_KEY: 'a key that encrypts the secrets of sources',
    },
  })
  const created = await createSource(one, {
    slug: 'net',
    name: 'Net',
    paramMap: {},
    statusMap: {},
    ipAllow: [],
    postbackTemplate: null,
  })
  if (!created.ok) throw new Error(created.reason)
  const rotated = await rotateSecret(one, { id: created.source.id, overlapHours: 1 })
  expect(rotated).toMatchObject({ ok: true, source: { id: created.source.id, version: 2 } })
})
