/** The message of accounted ingest on the wire, and the queue of a row that receives it. */
import type { SQL } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from './context.ts'
import type { Needed } from './partitions.ts'

const head = {
  /** The isolate that sent it: a UUID. */
  source: z.uuid(),
  /** The number of this message among those of its source: 1, 2, 3. */
  n: z.int32().positive(),
  /** When the message was closed, by the clock of the isolate. */
  at: z.iso.datetime(),
  /** All items of this source up to and with this message. */
  answered: z.int().positive(),
  items: z.array(z.unknown()).min(1),
  /** The part that all of its items have in common. */
  shared: z.unknown().optional(),
}

const Head = z.object(head).refine(({ answered, items }) => answered >= items.length)
const Message = z
  .object({ v: z.literal(1), ...head })
  .refine(({ answered, items }) => answered >= items.length)
export type Message = z.infer<typeof Message>

/** The value by which a row receives a stream: `<row>/queue.ts` exports it, and `<row>/module.ts` mounts it. */
export type IngestQueue = {
  /** The name of the stream and of its queue. The queue of its dead letters has `-dead` behind it. */
  stream: string
  /**
   * The row's part of the one statement that stores a batch: a list of CTEs. They read `arrived (source, n, at, items,
   * shared)`, one row per new message, the last two as jsonb. The last one is `outcome (source, n, stored, duplicate,
   * rejected)`: one row per message, whose counts add up to its items. The names messages, fresh, arrived, accounted,
   * counted_sources and counted_minutes are taken by core.
   */
  store: (ctx: Ctx) => SQL
  /** Counts messages that Postgres has, some of them perhaps since an earlier delivery, for the metrics of the row. */
  count?: (ctx: Ctx, messages: readonly Message[]) => void
  /** Settings of the transaction that stores, such as those that row-level security reads. */
  settings?: Record<string, string>
  /** The name of the statement that stores, as in `row.verb`. */
  verb: string
  /** Whether that statement is hot; then `functions/<row>/hot.ts` lists it. */
  hot?: boolean
  /** The partitions that these messages need. The consumer makes those that are missing. */
  partitions?: (messages: readonly Message[]) => Needed[]
}

/** A message as the queue delivers it. */
export type Delivered = { id: string; body: unknown; attempts: number }

/** A message that its consumer gave up. */
export type Dead = { delivered: Delivered; reason: string }

/** A message older than the kept numbers could be stored twice, so an operator decides about it. */
const oldestMs = 7 * 24 * 60 * 60 * 1_000

/** The message, or the reason why it cannot be read. */
export function readMessage(body: unknown, now: Date): { message: Message } | { reason: string } {
  const parsed = Message.safeParse(body)
  if (!parsed.success) return { reason: Head.safeParse(body).success ? 'unknown_version' : 'malformed' }
  if (now.getTime() - Date.parse(parsed.data.at) > oldestMs) return { reason: 'too_old' }
  return { message: parsed.data }
}

/** The head of a message that cannot be read, so that it can be accounted; null when the head is unreadable too. */
export function readHead(body: unknown): z.infer<typeof Head> | null {
  const parsed = Head.safeParse(body)
  return parsed.success ? parsed.data : null
}
