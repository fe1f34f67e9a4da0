import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import type { Received, TelemetryBatch } from './contract.ts'
import { countRefused } from './count-refused.ts'
import { judgeSample } from './judge-sample.ts'
import { readBacklog } from './read-backlog.ts'
import { readPriorities } from './read-priorities.ts'
import { type Refused, type Sent, sendSamples } from './send-samples.ts'
import { type Rate, rateAt, thin } from './thin-samples.ts'

/**
 * Accepts a batch without the database: each sample is decided by itself, and the queue has the batch before the caller
 * gets its answer. While too many messages wait, samples are thinned by rule, and at the limit the batch is refused.
 */
export async function acceptTelemetry(
  ctx: Ctx,
  { samples: all, bootId, seq }: TelemetryBatch,
): Promise<Received> {
  const rate = rateAt(await readBacklog(ctx))
  if (rate === null) {
    countRefused(ctx, all.length)
    ctx.metrics.count('telemetry_queue_dropped_total', { reason: 'refused' }, all.length)
    throw new AppError('rate_limited', 'Too many samples wait to be stored: send this batch later', {
      retryAfter: 5,
      extra: { class: 'telemetry' },
    })
  }
  const [nodeUid, ...others] = new Set(all.map(uidOf))
  const isNumbered = bootId !== undefined && seq !== undefined && others.length === 0
  const boot = isNumbered && typeof nodeUid === 'string' ? { bootId, seq, nodeUid } : null
  const received = {
    nowMs: ctx.now().getTime(),
    numbered: boot !== null,
    onlyNode: ctx.principal?.role === 'node' ? ctx.principal.sub : null,
  }
  const good: Sent[] = []
  const rejected: (Refused & { index: number })[] = []
  for (const [index, sent] of all.entries()) {
    const judged = judgeSample(sent, received)
    if ('sample' in judged) good.push(judged.sample)
    else rejected.push({ index, sent, reason: judged.reason })
  }
  const { kept, thinned } = await thinBy(ctx, good, rate)
  if (thinned > 0) ctx.metrics.count('telemetry_queue_dropped_total', { reason: 'thinned' }, thinned)
  const batchId = crypto.randomUUID()
  await sendSamples(ctx, { batchId, tenantId: tenantOf(ctx), boot, samples: kept, rejected, thinned })
  return {
    batchId,
    received: all.length,
    thinned,
    rejected: rejected.map(({ index, reason }) => ({ index, reason })),
  }
}

async function thinBy(ctx: Ctx, samples: readonly Sent[], rate: Rate) {
  if (Object.values(rate).every((every) => every === 1)) return { kept: samples, thinned: 0 }
  return thin(samples, rate, await readPriorities(ctx))
}

function uidOf(sent: unknown): unknown {
  return typeof sent === 'object' && sent !== null ? Reflect.get(sent, 'nodeUid') : null
}

function tenantOf({ principal }: Ctx): number | null {
  return principal !== null && 'tenantId' in principal ? principal.tenantId : null
}
