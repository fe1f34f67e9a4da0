import type { Ctx } from '../../core/context.ts'

/**
 * Arms the alarm of each shard's object. A workerd that died may have lost its alarms, so each minute calls this. A cycle
 * that runs twice takes its slot once.
 */
export async function armRegulators({ env }: Ctx): Promise<number> {
  const { REGULATOR, FLEET_SHARDS } = env
  if (REGULATOR === undefined) throw new Error('No Durable Object is bound as REGULATOR')
  const shards = Array.from({ length: FLEET_SHARDS }, (_, shard) => shard)
  await Promise.all(
    shards.map((shard) => REGULATOR.get(REGULATOR.idFromName(`fleet/${shard}`)).arm('fleet', shard)),
  )
  return shards.length
}
