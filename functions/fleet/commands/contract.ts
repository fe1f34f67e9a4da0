import * as z from 'zod'
import { ackStates, commandKinds, commandStates } from '../../../schema/fleet/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { NodeUid, text } from '../contract.ts'

/** A day: no actuator runs longer by one command. */
const mostMs = 86_400_000
const milliseconds = z.int().min(1).max(mostMs)

const common = {
  nodeUid: NodeUid,
  channel: z.union([z.literal(''), text(40)]).default(''),
  ttlSeconds: z
    .int()
    .min(5)
    .max(3_600)
    .default(300)
    .meta({ description: 'After this time a node does not begin the command' }),
}
const maxRunMs = milliseconds.meta({ description: 'The node switches off by itself after this time' })

export const NewCommand = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...common,
      kind: z.literal('dose'),
      amount: z.number().positive().max(1e6),
      unit: text(20).default('ml'),
      runMs: milliseconds,
      maxRunMs,
    }),
    z.strictObject({ ...common, kind: z.literal('on'), maxRunMs }),
    z.strictObject({ ...common, kind: z.literal('off') }),
  ])
  .refine((command) => command.kind !== 'dose' || command.maxRunMs >= command.runMs, {
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

export const Ack = z
  .strictObject({ state: z.enum(ackStates), reason: text(300).optional() })
  .meta({ id: 'CommandAck' })
export type Ack = z.infer<typeof Ack>
