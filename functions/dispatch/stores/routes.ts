import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { addStore } from './add.ts'
import { NewStore, Store, StoreChange } from './contract.ts'
import { editStore } from './edit.ts'
import { listStores } from './list.ts'
import { readStore } from './read.ts'

const base = '/v1/dispatch/stores'
const on = at(base, 'dispatch')

export const storesEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Add a store',
      roles: ['admin'],
      body: NewStore,
      answers: { 201: Store },
    },
    async (ctx, { body }) => {
      const store = await addStore(ctx, body)
      return created(`${base}/${store.id}`, store, { version: store.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List stores',
      description: 'Stores are sorted by id, in the order of their creation.',
      roles: ['admin', 'courier'],
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Store) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      return ok(page(await listStores(ctx, { after, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a store',
      description: 'A store can read only itself.',
      roles: ['admin', 'store', 'courier'],
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: Store },
    },
    async (ctx, { params }) => versioned(found(await readStore(ctx, params))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a store',
      roles: ['admin'],
      params: IdPath,
      body: StoreChange,
      ifMatch: true,
      answers: { 200: Store },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editStore(ctx, { id: params.id, version, change: body })).value),
  ),
]
