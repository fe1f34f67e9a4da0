import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor, UidPath } from '../contract.ts'
import { ackCommand } from './ack.ts'
import { Ack, Command, NewCommand, Take, TakenCommands } from './contract.ts'
import { listCommands } from './list.ts'
import { orderCommand } from './order.ts'
import { takeCommands } from './take.ts'

const on = at('/v1/fleet', 'fleet')
const roles = ['tenant', 'admin'] as const

export const commandsEndpoints: Endpoint[] = [
  on.post(
    '/zones/{id}/commands',
    {
      summary: 'Send a command to a node of a zone',
      description: 'Only while the zone is in the mode `manual` or `maintenance`.',
      roles,
      params: IdPath,
      body: NewCommand,
      answers: { 201: Command },
      problems: ['zone_in_auto', 'unprocessable'],
    },
    async (ctx, { params, body }) => {
      const { value } = orThrow(await orderCommand(ctx, { zoneId: params.id, command: body }))
      return created(`/v1/fleet/zones/${params.id}/commands`, value)
    },
  ),
  on.get(
    '/zones/{id}/commands',
    {
      summary: 'List the commands of a zone, newest first',
      roles,
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Command) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [before = null] = cursorOf(IdCursor, cursor) ?? []
      const commands = await listCommands(ctx, { zoneId: params.id, before, limit: limit + 1 })
      return ok(page(found(commands, 'This zone does not exist'), limit, ({ id }) => [id]))
    },
  ),
  on.post(
    '/nodes/{uid}/commands/take',
    {
      summary: 'Take the commands of a node',
      description: [
        'The commands that the node has not acknowledged, oldest first. They come again until it does, so a node remembers',
        'the ids that it did. When there are more than the limit, those that were not sent before are among them.',
      ].join(' '),
      roles: ['node'],
      params: UidPath,
      body: Take,
      answers: { 200: TakenCommands },
    },
    async (ctx, { params: { uid }, body: { limit } }) => ok(found(await takeCommands(ctx, { uid, limit }))),
  ),
  on.post(
    '/commands/{id}/ack',
    {
      summary: 'Report what became of a command',
      description: [
        'A command only moves up: acknowledged, then one of its ends.',
        'After the node left the zone, only the end of an `off` is accepted.',
      ].join(' '),
      roles: ['node'],
      params: IdPath,
      body: Ack,
      answers: { 200: Command },
      problems: ['stale_epoch', 'command_expired', 'illegal_transition'],
    },
    async (ctx, { params, body }) => ok(orThrow(await ackCommand(ctx, { id: params.id, ack: body })).value),
  ),
]
