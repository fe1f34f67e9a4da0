import * as z from 'zod'
import { ackStates, commandKinds, commandStates, voidReasons } from '../../../schema/fleet/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { dose, NodeUid, text } from '../contract.ts'

/** A day: no actuator runs longer by one command. */
const mostMs = 86_400_000
const milliseconds = z.int().min(1).max(mostMs)

export const NewCommand = z
  .strictObject({
    nodeUid: NodeUid,
    kind: z.enum(commandKinds),
    channel: z.union([z.literal(''), text(40)]).default(''),
    amount: dose.max(1e6).optional(),
    unit: text(20).optional(),
    runMs: milliseconds.optional(),
    maxRunMs: milliseconds
      .optional()
      .meta({ description: 'The node switches off by itself after this time' }),
    ttlSeconds: z
      .int()
      .min(5)
      .max(3_600)
      .default(300)
      .meta({ description: 'After this time a node does not begin the command' }),
  })
  .refine(({ kind, amount, runMs }) => (kind === 'dose') === (amount !== undefined && runMs !== undefined), {
    message: 'A dose, and nothing else, has amount and runMs',
    path: ['amount'],
  })
  .refine(({ kind, maxRunMs }) => (kind === 'off') === (maxRunMs === undefined), {
    message: 'Each command but off has maxRunMs',
    path: ['maxRunMs'],
  })
  .refine(({ runMs = 0, maxRunMs = runMs }) => maxRunMs >= runMs, {
    message: 'Must be at least runMs',
    path: ['maxRunMs'],
  })
  .meta({ id: 'NewCommand' })
export type NewCommand = z.infer<typeof NewCommand>

export const Command = z
  .strictObject({
    id,
    zoneId: id,
    nodeUid: NodeUid,
    kind: z.enum(commandKinds),
    channel: z.string(),
    amount: z.number().nullable(),
    unit: z.string().nullable(),
    runMs: z.int().nullable(),
    maxRunMs: z.int().nullable(),
    epoch: z.int().meta({ description: 'The epoch of its zone; with a higher one it is void' }),
    state: z.enum(commandStates),
    reason: z.string().nullable(),
    orderedBy: z.string(),
    queuedAt: shownInstant,
    sentAt: shownInstant.nullable(),
    ackedAt: shownInstant.nullable(),
    finishedAt: shownInstant.nullable(),
    expiresAt: shownInstant.nullable().meta({ description: 'Null: it is sent until it is acknowledged' }),
  })
  .meta({ id: 'Command' })
export type Command = z.infer<typeof Command>

export const TakenCommands = z.strictObject({ data: z.array(Command) })

export const Take = z
  .strictObject({ limit: z.int().min(1).max(100).default(50) })
  .meta({ id: 'TakeCommands' })

const VoidedData = z
  .strictObject({
    id,
    uid: NodeUid,
    zoneId: id,
    kind: z.enum(commandKinds),
    state: z
      .enum(['EXPIRED', 'TIMEOUT'])
      .meta({ description: '`EXPIRED`: no node took it. `TIMEOUT`: its node may have run it' }),
    reason: z.enum(voidReasons),
  })
  .meta({ id: 'CommandVoidedData' })

export const commandWebhooks = {
  'command.voided': { audience: ['tenant'] as const, data: VoidedData },
}

export const Ack = z
  .strictObject({ state: z.enum(ackStates), reason: text(300).optional() })
  .meta({ id: 'CommandAck' })
export type Ack = z.infer<typeof Ack>
