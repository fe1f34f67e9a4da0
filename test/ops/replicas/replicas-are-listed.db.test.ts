import { expect, it } from 'vitest'
import { urlAs } from '../../../dev/postgres/urls.ts'
import { listReplicas } from '../../../functions/ops/replicas/list.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, ctx } = await freshEnvironment()

it('no replicas are an empty list', async () => {
  expect(await listReplicas(ctx())).toEqual([])
})

it('a server that is no standby says so, and one that refuses is unknown with the reason', async () => {
  const nobody = urlAs(database.workerUrl, { user: 'nobody', password: 'secret-of-nobody' })
  const bindings = { DATABASE_URL_REPLICAS: [database.workerUrl, nobody].join(',') }
  const [plain, refused] = await listReplicas(ctx({ bindings }))
  const { host } = new URL(database.workerUrl)
  expect(plain).toMatchObject({
    number: 1,
    host,
    reachable: true,
    why: null,
    standby: false,
    replayPaused: null,
    lagSeconds: null,
    outUntil: null,
  })
  expect(refused).toMatchObject({
    number: 2,
    reachable: false,
    why: 'no connection, or no answer within two seconds',
    standby: null,
    lagSeconds: null,
    lastCommitAgeSeconds: null,
  })
  expect(JSON.stringify([plain, refused])).not.toContain('secret-of-nobody')
})
