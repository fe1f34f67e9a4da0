import * as z from 'zod'
import { Cursor, shownInstant } from '../../http/fields.ts'
import { day, known, listOf, pageOf, text, whole } from '../contract.ts'

export const datasetOrders = ['-releaseDate', 'releaseDate', 'accession', 'title', '-updatedAt'] as const
export const DatasetFilter = {
  q: text.optional().meta({
    description: 'Words that must all occur in accession, title, description, organism, material or project',
  }),
  organism: text.optional(),
  project: text.optional().meta({ description: 'Project or project type' }),
  sort: z.enum(datasetOrders).default('-releaseDate'),
}
export const Accession = z.strictObject({
  accession: z.string().regex(/^(OSD|GLDS)-\d{1,7}$/, 'Must be an accession, for example OSD-48'),
})

const listed = {
  accession: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  releaseDate: day.nullable(),
  organism: z.string().nullable(),
  material: z.string().nullable(),
  project: z.string().nullable(),
  projectType: z.string().nullable(),
  mission: z
    .strictObject({ name: z.string().nullable(), startDate: day.nullable(), endDate: day.nullable() })
    .nullable(),
  assayTypes: z.array(z.string()),
  updatedAt: shownInstant,
}
const ListedDataset = z.strictObject(listed).meta({ id: 'OsdrDataset' })
export type ListedDataset = z.infer<typeof ListedDataset>
export const ListedDatasets = pageOf(ListedDataset).meta({ id: 'OsdrDatasets' })
const dataset = z.strictObject({
  ...listed,
  firstSeenAt: shownInstant,
  metadata: z.record(z.string(), z.unknown()),
})
export type Dataset = z.infer<typeof dataset>
export const Dataset = dataset.extend(known).meta({ id: 'OsdrDatasetWithMetadata' })
export const DatasetCursor = z.tuple([z.string().max(500), z.string().max(40)])

export const Change = z
  .strictObject({
    id: z.int(),
    accession: z.string(),
    field: z.string(),
    old: z.unknown(),
    new: z.unknown(),
    seenAt: shownInstant,
  })
  .meta({ id: 'OsdrChange' })
export type Change = z.infer<typeof Change> & { xid: string }
export const ChangeCursor = z.tuple([z.string().regex(/^\d{1,20}$/), z.int().nonnegative()])
export const ChangesQuery = z.strictObject({
  after: Cursor.optional().meta({ description: 'The `cursor` of the previous page' }),
  limit: whole(1, 200, 50),
})
export const Changes = z
  .strictObject({
    data: z.array(Change),
    cursor: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `after` to continue from here, now or later' }),
    nextCursor: z.string().nullable().meta({ description: 'Null on the last page' }),
  })
  .meta({ id: 'OsdrChanges' })

export const OsdrStats = z
  .strictObject({
    ...known,
    totalDatasets: z.int(),
    oldestDataset: day.nullable(),
    newestDataset: day.nullable(),
    recent30d: z.int(),
    recent1y: z.int(),
    countedAt: shownInstant,
    lastSyncTime: shownInstant.nullable().meta({ description: 'The last successful sync with the upstream' }),
  })
  .meta({ id: 'OsdrStats' })

export const OsdrByYear = listOf(
  z.strictObject({ year: z.int(), datasetCount: z.int(), datasetsWithDescription: z.int() }),
).meta({ id: 'OsdrByYear' })
