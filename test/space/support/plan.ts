import { PgDialect } from 'drizzle-orm/pg-core'
import { expect } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import type { Db } from '../../../functions/core/db.ts'
import type { spaceRig } from './rig.ts'

type SpaceRig = Awaited<ReturnType<typeof spaceRig>>

export type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Loops'?: number
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: PlanNode[]
}

const dialect = new PgDialect()

/** The plan of the only statement that a read sends, executed on the same data. */
export async function planOf(rig: SpaceRig, read: (ctx: Ctx) => Promise<unknown>): Promise<PlanNode> {
  const sent: { text: string; values: unknown[] }[] = []
  const ctx = rig.ctx()
  const query: Db['query'] = async (statement) => {
    const { sql: text, params: values } = dialect.sqlToQuery(statement)
    sent.push({ text, values })
    return ctx.db.query(statement)
  }
  await read({ ...ctx, db: { ...ctx.db, query }, replica: { ...ctx.replica, query } })
  expect(sent).toHaveLength(1)
  const [{ text, values } = { text: '', values: [] }] = sent
  const { rows } = await rig.admin.query(`explain (analyze, buffers, format json) ${text}`, values)
  return rows[0]['QUERY PLAN'][0].Plan
}

export const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

export const executed = (plan: PlanNode) => nodesOf(plan).filter((node) => (node['Actual Loops'] ?? 0) > 0)

export const blocksOf = (plan: PlanNode) =>
  (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
