import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
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

/** Of one message, which core divides at 60 kB with its head. Dropped samples cost three bytes, so they do not count. */
const limits = { samples: 500, bytes: 59_000 }
const longestReject = 2_000

/**
 * Resolves when the queue, or the Durable Object behind it, has accepted everything. Throws before anything is sent when
 * a numbered batch has more samples without a time than one message takes.
 */
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
  const timeless = samples.filter(({ tsMs }) => tsMs === null)
  // The number of a batch decides whether a sample without a time is a repetition. So these travel in one message, and
  // no second message of the batch has the number.
  const one = boot === null || timeless.length === 0 ? [] : inMessages(timeless, boot)
  if (one.length > 1) throw new AppError('body_too_large', tooManyWithoutTime)
  const others = inMessages(
    one.length === 0 ? samples : samples.filter(({ tsMs }) => tsMs !== null),
    one.length === 0 ? boot : null,
  )
  const credential = ctx.principal !== null && 'gen' in ctx.principal ? { gen: ctx.principal.gen } : {}
  await Promise.all(
    withRest([...one, ...others], rest).map(async ({ items, nodes, metrics, boot: numbers }) => {
      if (items.length === 0) return
      const { batchId, tenantId } = batch
      const numbered = numbers === null ? {} : { boot: numbers.bootId, seq: numbers.seq }
      await ingestDurably(ctx, 'telemetry', items, {
        maxItems: items.length,
        shared: { batch: batchId, tenant: tenantId, nodes, metrics, ...numbered, ...credential },
      })
    }),
  )
}

const tooManyWithoutTime =
  'At most 500 samples without ts fit into a numbered batch, fewer with long names: divide it, or send ts'

type Boot = Batch['boot']
type Columns = { items: unknown[]; nodes: string[]; metrics: [string, string | null][]; boot: Boot }

/** Halves the samples until each message is within the limits. Its names count, because each message carries its own. */
function inMessages(samples: readonly Sent[], boot: Boot): Columns[] {
  const columns = { ...inColumns(samples, boot?.nodeUid), boot }
  const fits = samples.length <= limits.samples && bytesOf(columns) <= limits.bytes
  if (fits || samples.length === 1) return [columns]
  const middle = Math.ceil(samples.length / 2)
  return [...inMessages(samples.slice(0, middle), boot), ...inMessages(samples.slice(middle), boot)]
}

/** Adds what is no sample to the last message, or as one of its own that carries no names. */
function withRest(messages: readonly Columns[], rest: readonly unknown[]): Columns[] {
  const last = messages.at(-1)
  if (last === undefined || rest.length === 0) return [...messages]
  if (last.items.length === 0 || bytesOf(last) + bytesOf(rest) <= limits.bytes)
    return [...messages.slice(0, -1), { ...last, items: [...last.items, ...rest] }]
  return [...messages, { items: [...rest], nodes: [], metrics: [], boot: null }]
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
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
