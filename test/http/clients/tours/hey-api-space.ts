import type { Client } from './generated/hey/client'
import * as api from './generated/hey/sdk.gen'

/** The tour of the public reads, after an admin ran the jobs that collect their data. */
export async function spaceTour(client: Client, admin: Client): Promise<Record<string, unknown>> {
  for (const name of ['elements', 'iss-position', 'osdr-sync'])
    await api.postOpsJobsNameRun({ client: admin, path: { name } })
  const here = await api.getSpaceIss({ client })
  const unchanged = await api.getSpaceIss({
    client,
    headers: { 'If-None-Match': here.response?.headers.get('etag') ?? '' },
    parseAs: 'text',
  })
  const passes = await api.getSpaceIssPasses({
    client,
    query: { lat: 51.5, lng: -0.13, visibleOnly: false },
  })
  const track = await api.getSpaceIssTrack({
    client,
    query: { minutes: 92 },
    headers: { accept: 'application/geo+json' },
  })
  const datasets = await api.getSpaceOsdrDatasets({ client, query: { limit: 3 } })
  const rest = await api.getSpaceOsdrDatasets({
    client,
    query: { limit: 3, cursor: datasets.data?.nextCursor ?? '' },
  })
  const outside = await api.getSpaceIssAt({ client, query: { ts: '2001-01-01T00:00:00Z' } })
  return {
    noradId: here.data?.noradId,
    computed: here.data?.computed,
    unchanged: unchanged.response?.status,
    rises: (passes.data?.data ?? []).every((pass) => pass.rise.ts < pass.set.ts),
    track: track.data !== undefined && 'type' in track.data ? track.data.type : track.data,
    pages: new Set([...(datasets.data?.data ?? []), ...(rest.data?.data ?? [])].map((one) => one.accession))
      .size,
    outside: outside.error?.code,
  }
}
