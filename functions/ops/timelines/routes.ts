import type { Story } from '../../core/story.ts'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import type { Role } from '../../registry/roles.ts'
import { Timeline, TimelinePath } from './contract.ts'
import { readTimeline } from './read.ts'

const on = at('/v1/ops/timeline', 'ops')

/** `stories` are those of all rows. */
export function timelinesEndpoints(stories: readonly Story[]): Endpoint[] {
  return [
    on.get(
      '/{kind}/{id}',
      {
        summary: 'Show the history of one thing over all rows',
        description:
          'Admins see requests, events, deliveries with their attempts, and alerts. Owners see the events of their own things.',
        roles: ['admin', ...rolesOf(stories)],
        params: TimelinePath,
        answers: { 200: Timeline },
        problems: ['not_found'],
      },
      async (ctx, { params }) =>
        ok(found(await readTimeline(ctx, stories, params), `There is no such ${params.kind}`), {
          headers: { 'cache-control': 'no-store' },
        }),
    ),
  ]
}

function rolesOf(stories: readonly Story[]): Role[] {
  return [...new Set(stories.flatMap(({ kinds = {} }) => Object.values(kinds).flatMap(({ roles }) => roles)))]
}
