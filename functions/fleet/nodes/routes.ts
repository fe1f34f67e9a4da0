import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { orThrow } from '../../core/errors.ts'
import { deviceToken } from '../../http/auth.ts'
import { at, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor, UidPath } from '../contract.ts'
import { bindNode } from './bind.ts'
import {
  Binding,
  Hello,
  Node,
  NodeChange,
  NodeFilter,
  type Registered,
  RegisteredNode,
  Swap,
  Swapped,
} from './contract.ts'
import { decommissionNode } from './decommission.ts'
import { editNode } from './edit.ts'
import { hello } from './hello.ts'
import { isCurrent } from './is-current.ts'
import { listNodes } from './list.ts'
import { readNode } from './read.ts'
import { reprovisionNode } from './reprovision.ts'
import { swapNodes } from './swap.ts'
import { unbindNode } from './unbind.ts'

const base = '/v1/fleet/nodes'
const on = at(base, 'fleet')
const roles = ['tenant', 'admin'] as const

/** Every route that a device calls requires its present credential. */
export const isCurrentDevice = isCurrent

const changes = { roles, params: UidPath, ifMatch: true, answers: { 200: Node } } as const

/** Of each way out of a zone. */
const leaving =
  'Commands that wait for the node in the zone that it leaves are void: see the event `command.voided`.'

export const nodesEndpoints: Endpoint[] = [
  on.post(
    '/hello',
    {
      summary: 'Register a node, or say that it has started',
      description:
        'The first hello of a hardware id creates the node and answers its credential. A device that lost it sends `credential: lost`: it gets another one if it has never used the present one, or within ten minutes of `reprovision`.',
      roles: ['greenhouse'],
      body: Hello,
      answers: { 200: RegisteredNode, 201: RegisteredNode },
      problems: ['conflict', 'illegal_transition', 'credential_in_use', 'unavailable'],
    },
    async (ctx, { body }) => {
      const registered = orThrow(await hello(ctx, body))
      const { created, node } = registered
      return {
        status: created ? 201 : 200,
        ...(created && { location: `${base}/${node.uid}` }),
        version: node.version,
        body: { ...node, ...(await credentialOf(ctx, registered)) },
      }
    },
  ),
  on.get(
    '',
    {
      summary: 'List nodes',
      description: 'Nodes are sorted in the order of their registration.',
      roles,
      query: z.strictObject({ ...NodeFilter, ...PageQuery }),
      answers: { 200: Page(Node) },
    },
    async (ctx, { query: { zone = null, state = null, stale = null, drift = null, limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const rows = await listNodes(ctx, { zone, state, stale, drift, after, limit: limit + 1 })
      const { data, nextCursor } = page(rows, limit, ({ id }) => [id])
      return ok({ data: data.map(({ node }) => node), nextCursor })
    },
  ),
  on.get(
    '/{uid}',
    {
      summary: 'Read a node',
      description: 'A node can read only itself.',
      roles: [...roles, 'node'],
      params: UidPath,
      answers: { 200: Node },
    },
    async (ctx, { params }) => versioned(found(await readNode(ctx, params))),
  ),
  on.patch(
    '/{uid}',
    {
      summary: 'Change the name or the maintenance of a node',
      ...changes,
      body: NodeChange,
      problems: ['illegal_transition', 'unprocessable'],
    },
    async (ctx, { params: { uid }, version, body }) =>
      versioned(orThrow(await editNode(ctx, { uid, version, change: body })).value),
  ),
  on.put(
    '/{uid}/zone',
    {
      summary: 'Put a node into a zone',
      description: `A zone has at most one node of each type. The problem names the node that it has. ${leaving}`,
      ...changes,
      body: Binding,
      problems: ['zone_has_node_of_type', 'illegal_transition', 'unprocessable'],
    },
    async (ctx, { params: { uid }, version, body: { zoneId } }) =>
      versioned(orThrow(await bindNode(ctx, { uid, version, zoneId })).value),
  ),
  on.delete(
    '/{uid}/zone',
    {
      summary: 'Take a node out of its zone',
      description: leaving,
      ...changes,
      problems: ['illegal_transition'],
    },
    async (ctx, { params: { uid }, version }) =>
      versioned(orThrow(await unbindNode(ctx, { uid, version })).value),
  ),
  on.post(
    '/{uid}/swap',
    {
      summary: 'Give the place of a node to another one',
      description: `The zone has one of the two at every moment. ${leaving}`,
      roles,
      params: UidPath,
      body: Swap,
      answers: { 200: Swapped },
      problems: ['illegal_transition', 'unprocessable', 'busy'],
    },
    async (ctx, { params: { uid }, body }) => {
      const { ok: _ok, ...swapped } = orThrow(await swapNodes(ctx, { uid, by: body.with }))
      return ok(swapped)
    },
  ),
  on.post(
    '/{uid}/reprovision',
    {
      summary: 'Allow a device to get another credential',
      description: 'For ten minutes its hello with `credential: lost` is answered with a new credential.',
      ...changes,
      problems: ['illegal_transition'],
    },
    async (ctx, { params: { uid }, version }) =>
      versioned(orThrow(await reprovisionNode(ctx, { uid, version })).value),
  ),
  on.post(
    '/{uid}/decommission',
    {
      summary: 'Retire a node for ever',
      description: `Its slot is free at once, and its credential is refused within five seconds. ${leaving}`,
      ...changes,
      problems: ['illegal_transition'],
    },
    async (ctx, { params: { uid }, version }) =>
      versioned(orThrow(await decommissionNode(ctx, { uid, version })).value),
  ),
]

/** Signed after the statement, from the generation: no row holds a credential. */
async function credentialOf(ctx: Ctx, { node, tenantId, gen }: Registered) {
  if (gen === null) return {}
  return { credential: await deviceToken(ctx.env, { role: 'node', sub: node.uid, tenantId, gen }) }
}
