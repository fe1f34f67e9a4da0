import { type Answer, at, type Endpoint, redirect as sendTo } from '../../http/endpoint.ts'
import { ClickPath, SlugPath } from './contract.ts'
import { followOffer } from './follow-offer.ts'
import { type Destination, redirect } from './redirect.ts'

const links = at('', 'clicks')
/** Strictness refuses visitors: a link with a strange query still leads on, and no link is counted against a limit. */
const forVisitors = { roles: 'public', openQuery: true, rateLimited: false, answers: { 302: null } } as const

export const clicksEndpoints: Endpoint[] = [
  links.get(
    '/c/{slug}',
    {
      ...forVisitors,
      summary: 'Follow the link of a campaign',
      description:
        'Redirects to a landing page or an offer of the campaign and records a click. HEAD and prefetches are recorded as previews.',
      params: SlugPath,
      problems: ['not_found', 'campaign_archived'],
    },
    async (ctx, { params, ...followed }) => lead(await redirect(ctx, { ...params, ...followed })),
  ),
  links.get(
    '/o/{id}',
    {
      ...forVisitors,
      summary: 'Go on from a landing page to the offer',
      description:
        'The link that a landing page gets as {offerlink}. Records an offer_click event for the click.',
      params: ClickPath,
      problems: ['not_found', 'campaign_archived'],
    },
    async (ctx, { params, request, query }) => lead(await followOffer(ctx, { ...params, request, query })),
  ),
]

function lead({ location, referrerPolicy }: Destination): Answer {
  return sendTo(location, { 'cache-control': 'private, no-store', 'referrer-policy': referrerPolicy })
}
