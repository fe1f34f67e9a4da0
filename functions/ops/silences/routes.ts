import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Rule } from '../../core/watch.ts'
import { at, created, type Endpoint, noContent, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { NewSilence, Silence, SilenceCursor, SilenceFilter } from './contract.ts'
import { createSilence } from './create.ts'
import { endSilence } from './end.ts'
import { listSilences } from './list.ts'

const on = at('/v1/ops/silences', 'ops')

/** `rules` are those of all rows. */
export function silencesEndpoints(rules: readonly Rule[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List silences, newest first',
        roles: ['admin'],
        query: z.strictObject({ ...SilenceFilter, ...PageQuery }),
        answers: { 200: Page(Silence) },
      },
      async (ctx, { query: { open = null, limit, cursor } }) => {
        const [before = null] = cursorOf(SilenceCursor, cursor) ?? []
        const silences = await listSilences(ctx, {
          open,
          before,
          limit: limit + 1,
        })
        return ok(page(silences, limit, ({ id }) => [id]))
      },
    ),
    on.post(
      '',
      {
        summary: 'Silence alerts: they send no messages for a while',
        description:
          'Their states go on. An alert that still fires at the end of the silence is sent within a minute of it.',
        roles: ['admin'],
        body: NewSilence,
        answers: { 201: Silence },
        problems: ['not_found', 'unprocessable'],
      },
      async (ctx, { body }) => {
        if (body.rule !== undefined && !rules.some(({ name }) => name === body.rule))
          throw new AppError('not_found', `No rule is named ${body.rule}; see GET /v1/ops/rules`)
        const outcome = await createSilence(ctx, body)
        if (outcome.ok) return created('/v1/ops/silences', outcome.silence)
        throw new AppError(
          'unprocessable',
          outcome.reason === 'outside'
            ? 'until must be within the next seven days'
            : 'No such alert is open, so the silence would end at once: give until',
        )
      },
    ),
    on.delete(
      '/{id}',
      {
        summary: 'End a silence',
        roles: ['admin'],
        params: IdPath,
        answers: { 204: null },
        problems: ['not_found'],
      },
      async (ctx, { params: { id } }) => {
        if (!(await endSilence(ctx, id)))
          throw new AppError('not_found', 'No silence with this id is in force')
        return noContent()
      },
    ),
  ]
}
