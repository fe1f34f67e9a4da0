import * as z from 'zod'
import { unlessRefused } from '../../core/errors.ts'
import { at, type Endpoint } from '../../http/endpoint.ts'
import { PageQuery } from '../../http/fields.ts'
import { cursorOf, page, refuseCursor } from '../../http/page.ts'
import {
  fresh,
  freshList,
  freshPage,
  freshRow,
  hour,
  minutes,
  orNoData,
  publicRead,
  seconds,
} from '../../http/reads.ts'
import { catalogueStats } from './catalogue-stats.ts'
import * as wire from './contract.ts'
import { datasetsByYear } from './datasets-by-year.ts'
import { listChanges } from './list-changes.ts'
import { listDatasets } from './list-datasets.ts'
import { readDataset } from './read-dataset.ts'

const on = at('/v1/space', 'space')

export const osdrEndpoints: Endpoint[] = [
  publicRead(
    on,
    '/osdr/datasets',
    'Datasets of the Open Science Data Repository',
    { query: z.strictObject({ ...wire.DatasetFilter, ...PageQuery }), answer: wire.ListedDatasets },
    async (ctx, { q = null, organism = null, project = null, sort, limit, cursor }) => {
      const after = cursorOf(wire.DatasetCursor, cursor)
      const listed = await listDatasets(ctx, { q, organism, project, sort, after, limit: limit + 1 })
      return freshPage(ctx, listed, {
        limit,
        keyOf: ({ key, dataset }) => [key, dataset.accession],
        show: ({ dataset }) => dataset,
      })
    },
  ),
  publicRead(
    on,
    '/osdr/datasets/{accession}',
    'A dataset with all its metadata',
    { params: wire.Accession, answer: wire.Dataset },
    async (ctx, { accession }) => freshRow(ctx, unlessRefused(await readDataset(ctx, accession))),
  ),
  publicRead(
    on,
    '/osdr/changes',
    'Changes of the catalogue, oldest first',
    {
      query: wire.ChangesQuery,
      answer: wire.Changes,
      cursors: { takes: 'after', gives: ['cursor', 'nextCursor'] },
    },
    async (ctx, { after, limit }) => {
      const from = cursorOf(wire.ChangeCursor, after)
      const changes = (await listChanges(ctx, { after: from, limit: limit + 1 })) ?? refuseCursor()
      const { data, nextCursor } = page(changes, limit, ({ xid, id }) => [xid, id])
      const { nextCursor: cursor } = page([...data, ...data.slice(-1)], data.length, ({ xid, id }) => [
        xid,
        id,
      ])
      const shown = data.map(({ xid: _xid, ...change }) => change)
      return fresh(ctx, { data: shown, cursor: cursor ?? after ?? null, nextCursor }, seconds)
    },
  ),
  publicRead(on, '/osdr/stats', 'Statistics of the catalogue', { answer: wire.OsdrStats }, async (ctx) =>
    fresh(ctx, orNoData(await catalogueStats(ctx), hour), minutes),
  ),
  publicRead(on, '/osdr/by-year', 'Datasets per year of release', { answer: wire.OsdrByYear }, async (ctx) =>
    freshList(ctx, await datasetsByYear(ctx)),
  ),
]
