import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import type { Matters, Paced } from '../../http/module.ts'
import { cursorOf, page } from '../../http/page.ts'
import { publishCommands } from '../commands/publish.ts'
import { Cycle, CycleCursor, CycleFilter } from './contract.ts'
import { listCycles } from './list.ts'
import { runCycle } from './run.ts'
import { tellMatters } from './tell-matters.ts'

const on = at('/v1/fleet/cycles', 'fleet')

export const cyclesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the cycles of all shards, newest first',
      description: 'A cycle decides about each zone of its shard, once for each slot.',
      roles: ['admin'],
      query: z.strictObject({ ...CycleFilter, ...PageQuery }),
      answers: { 200: Page(Cycle) },
    },
    async (ctx, { query: { shard = null, failed, limit, cursor } }) => {
      const cycles = await listCycles(ctx, {
        shard,
        failed: failed === undefined ? null : failed === 'true',
        before: cursorOf(CycleCursor, cursor),
        limit: limit + 1,
      })
      return ok(page(cycles, limit, ({ slot, shard: number }) => [slot, number]))
    },
  ),
]

export const regulation: Paced = {
  name: 'fleet',
  shards: ({ env }) => env.FLEET_SHARDS,
  seconds: ({ env }) => env.TARGET_CYCLE_SECONDS,
  async run(ctx, at) {
    const cycle = await runCycle(ctx, at)
    await publishCommands(ctx, at)
    // Another run of the slot does this work and reports it.
    return cycle.ran ? cycle.value : null
  },
}

/** The states of the fleet that readiness reports. */
export const fleetMatters: Matters = tellMatters
