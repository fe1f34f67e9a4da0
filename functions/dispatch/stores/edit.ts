import { sql } from 'drizzle-orm'
import { stores } from '../../../schema/dispatch/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import type { Store, StoreChange } from './contract.ts'
import { showStore } from './show.ts'

type Edit = { id: number; version: number; change: StoreChange }

export function editStore(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Store } | Refused> {
  const { name, pickupAddress, lat, lng, boxLimit, opensAt, closesAt, timeZone } = change
  return changeVersion(ctx, {
    verb: 'dispatch.edit-store',
    table: stores,
    id,
    version,
    set: assignments({
      name,
      pickup_address: pickupAddress,
      lat: lat === undefined ? placeAt('lat', change) : lat,
      lng: lng === undefined ? placeAt('lng', change) : lng,
      box_limit: boxLimit,
      opens_at: opensAt,
      closes_at: closesAt,
      time_zone: timeZone,
    }),
    refusals: [
      bothOrNeither({ first: ['lat', lat], second: ['lng', lng] }),
      bothOrNeither({ first: ['opens_at', opensAt], second: ['closes_at', closesAt] }),
    ],
    value: showStore('changed'),
  })
}

/** Another address without coordinates clears those of the old one. */
function placeAt(column: 'lat' | 'lng', { pickupAddress, lat, lng }: StoreChange) {
  if (pickupAddress === undefined || lat !== undefined || lng !== undefined) return undefined
  return sql`case when t.pickup_address = ${pickupAddress} then t.${sql.identifier(column)} end`
}

type Column = ['lat' | 'lng' | 'opens_at' | 'closes_at', unknown]

/** An omitted half keeps its value, so the statement checks the pair against the row. */
function bothOrNeither({ first, second }: { first: Column; second: Column }) {
  const after = ([column, value]: Column) =>
    value === undefined ? sql`found.${sql.raw(column)} is null` : sql`${value === null}`
  return {
    when: sql`(${after(first)}) <> (${after(second)})`,
    outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable',
      'detail', ${`Give both ${first[0]} and ${second[0]}, or neither`}::text)`,
  }
}
