import { expect, it } from 'vitest'
import { encodeCursor } from '../../../functions/http/page.ts'
import { soon } from '../../support/soon.ts'
import { type Json, spaceWorker } from '../support/space-worker.ts'

const { app, upstreams, json, runJobs } = await spaceWorker()
await runJobs('osdr-sync')

it('pages through datasets in every order without a gap or a repeated row', async () => {
  for (const sort of ['-releaseDate', 'releaseDate', 'accession', 'title', '-updatedAt']) {
    const seen: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Json = await json(
        `/osdr/datasets?limit=7&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      seen.push(...page.data.map(({ accession }) => accession))
      cursor = page.nextCursor ?? null
    }
    expect([sort, seen.length, new Set(seen).size]).toEqual([sort, 40, 40])
  }
})

it('finds datasets by words without wildcards', async () => {
  const { data } = await json('/osdr/datasets?q=DROSOPHILA%20effects&limit=200')
  expect(data.length).toBeGreaterThan(0)
  for (const { title } of data) expect(String(title).toLowerCase()).toContain('drosophila')
  expect((await json('/osdr/datasets?q=%25')).data).toEqual([])
  expect((await json('/osdr/datasets?organism=mus%20musculus')).data.length).toBeGreaterThan(0)
})

it('lists every change of the catalogue after a cursor', async () => {
  await expect.poll(async () => (await json('/osdr/changes?limit=200')).data.length, soon).toBe(40)
  const first = await json('/osdr/changes?limit=200')
  const after = String(first['cursor'])
  expect(await json(`/osdr/changes?after=${after}`)).toEqual({ data: [], cursor: after, nextCursor: null })
  upstreams.datasets.set('OSD-7', { ...upstreams.datasets.get('OSD-7'), 'study title': 'Changed' })
  await runJobs('osdr-sync')
  // The feed lists a change once every older writer has ended.
  await expect
    .poll(async () => (await json(`/osdr/changes?after=${after}`)).data, soon)
    .toMatchObject([{ accession: 'OSD-7', field: 'title', new: 'Changed' }])
})

it('refuses a cursor of a change that does not exist yet, because its reader would wait for ever', async () => {
  const { cursor } = await json('/osdr/changes?limit=1')
  // The cursor of this list begins with its binding.
  const future = `${String(cursor).slice(0, 16)}${encodeCursor(['999999999999', 999_999])}`
  const response = await app.fetch(`/v1/space/osdr/changes?after=${future}`)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'invalid_cursor' })
})
