import type { Ctx } from '../../core/context.ts'
import { ingestDurably } from '../../core/ingest.ts'
import { storable } from '../../core/rows.ts'
import type { RejectReason } from './contract.ts'
import type { Sample } from './judge-sample.ts'

/** A sample with the reject that it was, when it is replayed. */
export type Sent = Sample & { reject?: string }
export type Refused = { sent: unknown; reason: RejectReason; reject?: string }

type Batch = {
  batchId: string
  /** Null: an admin, for the nodes of all tenants. */
  tenantId: number | null
  boot: { bootId: string; seq: number; nodeUid: string } | null
  samples: readonly Sent[]
  rejected: readonly Refused[]
  thinned: number
}

/** Samples of one message. Dropped ones cost three bytes, so they do not count. */
const mostSamples = 500
const longestReject = 2_000

/** Resolves when the queue, or the Durable Object behind it, has accepted everything. */
export async function sendSamples(ctx: Ctx, batch: Batch): Promise<void> {
  const { samples, rejected, thinned, boot } = batch
  const rest = [
    ...rejected.map(({ sent, reason, reject }) => ({
      reason,
      node: uidOf(sent),
      sample: short(sent),
      ...(reject === undefined ? {} : { reject }),
    })),
    ...Array.from({ length: thinned }, () => []),
  ]
  const maxItems = mostSamples + rest.length
  const timeless = samples.filter(({ tsMs }) => tsMs === null)
  // The number of a batch decides whether a sample without a time is a repetition. So these travel in one message, and
  // no second message of the batch has the number.
  const groups =
    timeless.length === 0 || boot === null
      ? [{ samples, rest, boot }]
      : [
          { samples: timeless, rest: [], boot },
          { samples: samples.filter(({ tsMs }) => tsMs !== null), rest, boot: null },
        ]
  await Promise.all(
    groups.map(async (group) => {
      const { items, nodes, metrics } = inColumns(group.samples, group.boot?.nodeUid)
      const all = [...items, ...group.rest]
      if (all.length === 0) return
      const { batchId, tenantId } = batch
      const numbered = group.boot === null ? {} : { boot: group.boot.bootId, seq: group.boot.seq }
      const credential = ctx.principal !== null && 'gen' in ctx.principal ? { gen: ctx.principal.gen } : {}
      await ingestDurably(ctx, 'telemetry', all, {
        maxItems,
        shared: { batch: batchId, tenant: tenantId, nodes, metrics, ...numbered, ...credential },
      })
    }),
  )
}

/**
 * The items as store.ts reads them. Names travel once per message. The node of a numbered batch is the first one, also if
 * none of its samples is in the message.
 */
function inColumns(samples: readonly Sent[], first?: string) {
  const nodes = new Map<string, number>(first === undefined ? [] : [[first, 0]])
  const metrics = new Map<string, { at: number; named: [string, string | null] }>()
  const items = samples.map(({ nodeUid, metric, channel, tsMs, value, unit, quality, reject = null }) => {
    const node = nodes.get(nodeUid) ?? nodes.size
    nodes.set(nodeUid, node)
    const key = `${metric}\n${unit ?? ''}`
    const named = metrics.get(key) ?? { at: metrics.size, named: [metric, unit] }
    metrics.set(key, named)
    const item = [node, named.at, tsMs, value, channel === '' ? null : channel, quality, reject]
    return item.slice(0, item.findLastIndex((field) => field !== null) + 1)
  })
  return { items, nodes: [...nodes.keys()], metrics: [...metrics.values()].map(({ named }) => named) }
}

function uidOf(sent: unknown): string | null {
  const uid: unknown = typeof sent === 'object' && sent !== null ? Reflect.get(sent, 'nodeUid') : null
  return typeof uid === 'string' ? String(storable(uid.slice(0, 64))) : null
}

function short(sent: unknown): unknown {
  const text = JSON.stringify(sent) ?? 'null'
  return storable(text.length <= longestReject ? sent : { cut: text.slice(0, 500) })
}
