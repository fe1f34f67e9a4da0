import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { type Answer, type Asked, type at, type Endpoint, type Given, ok } from './endpoint.ts'
import { page } from './page.ts'

/** How long an answer may be reused, in seconds: about as long as its source stays the same. */
export const [seconds, minutes, hour] = [5, 60, 3_600]

/** Rows that know their age. */
type Aged<Row> = { asOf: string; stale: boolean; data: Row[] }

const none = z.strictObject({})

type Read<P extends z.ZodObject, Q extends z.ZodObject> = Pick<Endpoint, 'description' | 'alsoAs'> & {
  params?: P
  query?: Q
  answer: z.ZodType
}

/** Declares a public read. The handler receives path and query fields as one object. Any such read may answer no_data_yet. */
export function publicRead<P extends z.ZodObject = typeof none, Q extends z.ZodObject = typeof none>(
  on: ReturnType<typeof at>,
  path: string,
  summary: string,
  { answer, ...asked }: Read<P, Q>,
  handle: (ctx: Ctx, asked: Given<P> & Asked<Q>, form: string) => Promise<Answer>,
): Endpoint {
  return on.get(
    path,
    {
      summary,
      ...asked,
      roles: 'public',
      answers: { 200: answer },
      reusable: true,
      problems: ['no_data_yet', 'not_found'],
    },
    (ctx, { params, query, form }) => handle(ctx, { ...params, ...query }, form),
  )
}

export function orNoData<T>(value: T | null, retryAfter: number): T {
  if (value === null) throw new AppError('no_data_yet', 'No data has been collected yet', { retryAfter })
  return value
}

/** An answer that may be reused. Its age counts from the moment its newest source was read. */
export function fresh(
  ctx: Ctx,
  body: object,
  maxAgeSeconds: number,
  asOf = 'asOf' in body ? body.asOf : undefined,
): Answer {
  const age = typeof asOf === 'string' ? (ctx.now().getTime() - Date.parse(asOf)) / 1000 : 0
  return ok(body, { cache: { maxAgeSeconds, ageSeconds: age } })
}

/** All rows of a view. */
export function freshList<Row>(
  ctx: Ctx,
  rows: Aged<Row> | null,
  show: (row: Row) => unknown = (row) => row,
): Answer {
  const { data, ...age } = orNoData(rows, minutes)
  return fresh(ctx, { ...age, data: data.map(show) }, minutes)
}

/** The one row of a view that the request names, or 404. */
export function freshRow(ctx: Ctx, rows: Aged<object> | null): Answer {
  const { data, ...age } = orNoData(rows, minutes)
  const [row] = data
  if (row === undefined) throw new AppError('not_found')
  return fresh(ctx, { ...age, ...row }, minutes)
}

type Paging<Row> = { limit: number; keyOf: (row: Row) => unknown; show: (row: Row) => unknown }

/** One page of a view. */
export function freshPage<Row>(
  ctx: Ctx,
  rows: Aged<Row> | null,
  { limit, keyOf, show }: Paging<Row>,
): Answer {
  const { data: all, ...age } = orNoData(rows, minutes)
  const { data, nextCursor } = page(all, limit, keyOf)
  return fresh(ctx, { ...age, data: data.map(show), nextCursor }, minutes)
}
