import { expect, it } from 'vitest'
import { freshnessOf } from '../../functions/http/freshness.ts'

const tagOf = async (body: object) =>
  new Map(await freshnessOf({ maxAgeSeconds: 15 }, JSON.stringify(body))).get('etag')

it('the tag of an answer stays while only its age grows, and changes with its content', async () => {
  const tag = await tagOf({ latitude: 12.3, ageSeconds: 4, stale: false })
  expect(await tagOf({ latitude: 12.3, ageSeconds: 15.5, stale: false })).toBe(tag)
  expect(await tagOf({ latitude: 12.4, ageSeconds: 4, stale: false })).not.toBe(tag)
  expect(await tagOf({ latitude: 12.3, ageSeconds: 4, stale: true })).not.toBe(tag)
})
