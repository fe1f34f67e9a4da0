import * as z from 'zod'
import { configOutcomes, lifecycles } from '../../../schema/fleet/states.ts'
import { flag, id, instant, pathId, shownInstant } from '../../http/fields.ts'
import { NodeType, NodeUid, notEmpty, text } from '../contract.ts'

export const Hello = z
  .strictObject({
    hardwareId: z
      .string()
      .regex(/^[A-Za-z0-9][\w:.-]{3,63}$/, 'Must be 4 to 64 letters, digits and any of _ : . -')
      .meta({ description: 'The same after each reboot of the device', examples: ['esp32-aabbcc'] }),
    nodeType: NodeType,
    fwVersion: text(60).optional(),
    hardwareRevision: text(60).optional(),
    nodeName: text(100).optional(),
    credential: z
      .literal('lost')
      .optional()
      .meta({ description: 'Requests another credential, because the device has none' }),
  })
  .meta({ id: 'Hello' })
export type Hello = z.infer<typeof Hello>

const lifecycle = z.enum(lifecycles).meta({ id: 'Lifecycle' })

const shown = {
  uid: NodeUid,
  hardwareId: z.string(),
  type: NodeType,
  name: z.string().nullable(),
  fwVersion: z.string().nullable(),
  hardwareRevision: z.string().nullable(),
  lifecycle,
  maintenanceUntil: shownInstant.nullable(),
  greenhouseId: id,
  zoneId: id.nullable(),
  firstSeenAt: shownInstant,
  lastSeenAt: shownInstant.nullable().meta({ description: 'The last contact of the node' }),
  stale: z.boolean().meta({ description: 'There was no contact for ten minutes' }),
  config: z.strictObject({
    desiredVersion: z.int(),
    reportedVersion: z.int(),
    outcome: z.enum(configOutcomes).nullable(),
    reason: z.string().nullable(),
    overrideUntil: shownInstant.nullable(),
    driftSeconds: z
      .int()
      .nullable()
      .meta({ description: 'How long the node has not had the desired configuration; null if it has it' }),
  }),
  version: z.int(),
}

export const Node = z.strictObject(shown).meta({ id: 'Node' })
export type Node = z.infer<typeof Node>

export const RegisteredNode = z
  .strictObject({
    ...shown,
    credential: z
      .string()
      .optional()
      .meta({ description: 'The token for all other requests of the node. It is shown once.' }),
  })
  .meta({ id: 'RegisteredNode' })

/** `gen` is the generation from which the route signs a credential; null if the node has one. */
export type Registered = { ok: true; node: Node; tenantId: number; created: boolean; gen: number | null }

export const NodeChange = z
  .strictObject({
    name: text(100).nullable(),
    maintenanceUntil: instant.nullable().meta({ description: 'Maintenance until then; null ends it' }),
  })
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'NodeChange' })
export type NodeChange = z.infer<typeof NodeChange>

export const Binding = z.strictObject({ zoneId: id }).meta({ id: 'Binding' })
export const Swap = z.strictObject({ with: NodeUid }).meta({ id: 'Swap' })

export const Swapped = z.strictObject({ removed: Node, placed: Node }).meta({ id: 'Swapped' })
export type Swapped = z.infer<typeof Swapped>

export const NodeFilter = {
  zone: pathId.optional().meta({ description: 'Nodes in this zone' }),
  state: lifecycle.optional(),
  stale: flag.optional().meta({ description: 'Without contact for ten minutes, or with it' }),
  drift: flag.optional().meta({ description: 'Without the desired configuration, or with it' }),
}

const RegisteredData = z
  .strictObject({ uid: NodeUid, type: NodeType, greenhouseId: id })
  .meta({ id: 'NodeRegisteredData' })

export const nodeWebhooks = {
  'node.registered': { audience: ['tenant'] as const, data: RegisteredData },
}
