import { expect, it } from 'vitest'
import { spaceWorker } from '../support/space-worker.ts'

const { app, json, runJobs } = await spaceWorker()
await runJobs('donki')

it('links an event to the linked events that are stored', async () => {
  const { data } = await json('/donki/flr?limit=200')
  const [link] = data.flatMap(({ linkedEvents }) => linkedEvents as { id: string; href: string | null }[])
  const event = await app.fetch(link?.href ?? '')
  expect(await event.json()).toMatchObject({
    id: link?.id,
    type: 'cme',
    versions: [{ versionId: expect.any(Number) }],
  })
  const strong = await json('/donki/flr?minClass=M&limit=200')
  expect(strong.data.every((one) => /^[MX]/.test(String(one['class'])))).toBe(true)
})
