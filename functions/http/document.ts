import * as z from 'zod'
import { at, type Endpoint, ok } from './endpoint.ts'
import type { Webhooks } from './module.ts'
import { openApiDocument } from './openapi.ts'
import { shellOf } from './pages.ts'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Lockstep API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

/** No inline script; Swagger UI sets style attributes and draws its icons from data URLs. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const Entrance = z
  .strictObject({ name: z.string(), contract: z.string(), documentation: z.string(), health: z.string() })
  .meta({ id: 'Entrance' })

const on = at('', 'ops')

/** The API contract for machines and for people. `endpoints` is a function because the list contains these two. */
export function documentEndpoints(endpoints: () => readonly Endpoint[], webhooks: Webhooks): Endpoint[] {
  let document: string | undefined
  return [
    on.get(
      '/',
      {
        summary: 'Show the dashboard to a person, and the way to the contract to a program',
        description: 'A client that prefers text/html gets the dashboard’s first page.',
        roles: 'public',
        // Filters of the page.
        openQuery: true,
        answers: { 200: Entrance },
        alsoAs: { 'text/html': z.string() },
      },
      async (ctx, { form, request }) => {
        const shell = form === 'text/html' ? await shellOf(ctx.env, request) : null
        return (
          shell ??
          ok({ name: 'lockstep', contract: '/openapi.json', documentation: '/docs', health: '/readyz' })
        )
      },
    ),
    on.get(
      '/openapi.json',
      {
        summary: 'Get the API contract as OpenAPI 3.1',
        roles: 'public',
        answers: { 200: z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }) },
      },
      async () => {
        document ??= JSON.stringify(openApiDocument(endpoints(), webhooks))
        return new Response(document, {
          headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=60' },
        })
      },
    ),
    on.get(
      '/docs',
      {
        summary: 'Show the API contract as a page',
        roles: 'public',
        answers: { 200: 'text/html' },
      },
      async () =>
        new Response(page, {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': pagePolicy,
            'cache-control': 'public, max-age=60',
          },
        }),
    ),
  ]
}
