import type { Client } from 'openapi-fetch'
import type { paths } from './generated/schema.ts'

/** The tour of the public reads, after an admin ran the jobs that collect their data. */
export async function spaceTour(
  anyone: Client<paths>,
  admin: Client<paths>,
): Promise<Record<string, unknown>> {
  for (const name of ['elements', 'iss-position', 'osdr-sync'])
    await admin.POST('/v1/ops/jobs/{name}/run', { params: { path: { name } } })
  const here = await anyone.GET('/v1/space/iss')
  const unchanged = await anyone.GET('/v1/space/iss', {
    params: { header: { 'If-None-Match': here.response.headers.get('etag') ?? '' } },
    parseAs: 'text',
  })
  const passes = await anyone.GET('/v1/space/iss/passes', {
    params: { query: { lat: 51.5, lng: -0.13, visibleOnly: false } },
  })
  const track = await anyone.GET('/v1/space/iss/track', {
    params: { query: { minutes: 92 } },
    headers: { accept: 'application/geo+json' },
  })
  const datasets = await anyone.GET('/v1/space/osdr/datasets', { params: { query: { limit: 3 } } })
  const rest = await anyone.GET('/v1/space/osdr/datasets', {
    params: { query: { limit: 3, cursor: datasets.data?.nextCursor ?? '' } },
  })
  const outside = await anyone.GET('/v1/space/iss/at', {
    params: { query: { ts: '2001-01-01T00:00:00Z' } },
  })
  return {
    noradId: here.data?.noradId,
    computed: here.data?.computed,
    unchanged: unchanged.response.status,
    rises: (passes.data?.data ?? []).every((pass) => pass.rise.ts < pass.set.ts),
    track: track.data !== undefined && 'type' in track.data ? track.data.type : track.data,
    pages: new Set([...(datasets.data?.data ?? []), ...(rest.data?.data ?? [])].map((one) => one.accession))
      .size,
    outside: outside.error?.code,
  }
}
