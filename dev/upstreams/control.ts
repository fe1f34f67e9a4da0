import type { IncomingMessage } from 'node:http'
import { type Answer, json } from './answer.ts'
import { faults, isFault } from './faults.ts'
import { type Failing, type Upstreams, upstreamNames } from './handle.ts'

type Controlled = { upstreams: Upstreams; failing: Failing }

/**
 * Switches the simulation at run time, below /control:
 *   GET    /control                      lists the active faults, the calls so far, all faults and all upstreams
 *   PUT    /control/faults/{upstream}    { "fault": "status-500", "times": 3, "matching": "part of a path or query" }
 *   DELETE /control/faults               removes all faults
 *   PATCH  /control/osdr/{accession}     { "study title": "…" } changes a dataset, or adds one
 *   PATCH  /control/donki/{event id}     { "versionId": 3, "note": "…" } revises an event
 */
export async function control(
  request: IncomingMessage,
  path: string[],
  { upstreams, failing }: Controlled,
): Promise<Answer> {
  const [what, name = ''] = path.map(decodeURIComponent)
  const task = `${request.method} ${what ?? ''}`
  if (task === 'GET ') return json(shown({ upstreams, failing }))
  if (task === 'DELETE faults') {
    upstreams.heal()
    return json({ failing: {} })
  }
  const sent = await bodyOf(request)
  const upstream = upstreamNames.find((one) => one === name)
  if (task === 'PUT faults' && upstream && isFault(sent['fault'])) {
    const { times, matching } = sent
    upstreams.fail(upstream, sent['fault'], {
      ...(typeof times === 'number' && { times }),
      ...(typeof matching === 'string' && { matching }),
    })
    return json(shown({ upstreams, failing }))
  }
  if (task === 'PATCH osdr' && /^OSD-\d+$/.test(name)) {
    upstreams.datasets.set(name, { accession: name, ...upstreams.datasets.get(name), ...sent })
    return json(upstreams.datasets.get(name))
  }
  if (task === 'PATCH donki' && name !== '') {
    upstreams.revised.set(name, { ...upstreams.revised.get(name), ...sent })
    return json(upstreams.revised.get(name))
  }
  return json(
    { error: 'There is no such switch', faults: Object.keys(faults), upstreams: upstreamNames },
    400,
  )
}

function shown({ upstreams, failing }: Controlled): Record<string, unknown> {
  return {
    failing: Object.fromEntries(failing),
    calls: Object.fromEntries(upstreamNames.map((name) => [name, upstreams.calls(name).length])),
    datasets: upstreams.datasets.size,
    faults: Object.keys(faults),
    upstreams: upstreamNames,
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {}
  } catch {
    return {}
  }
}
