import { expect } from 'vitest'
import { freshWorker } from '../../support/worker.ts'

export type Json = Record<string, unknown> & {
  data: Record<string, unknown>[]
  nextCursor?: string | null
}

/** A Worker with its own database, the reads of space and the jobs that collect their data. */
export async function spaceWorker(bindings: Record<string, string> = {}) {
  const app = await freshWorker({ bindings })
  const { upstreams } = app
  // Forty datasets are enough to page through.
  for (const accession of [...upstreams.datasets.keys()].slice(40)) upstreams.datasets.delete(accession)

  const get = (path: string, headers: Record<string, string> = {}) =>
    app.fetch(`/v1/space${path}`, { headers })

  async function json(path: string): Promise<Json> {
    const response = await get(path)
    expect([path, response.status]).toEqual([path, 200])
    // Each test checks the shape that it needs.
    return response.json<Json>()
  }

  async function runJobs(...names: string[]): Promise<void> {
    for (const name of names) {
      const response = await app.fetch(`/v1/ops/jobs/${name}/run`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await app.token('admin', 1)}` },
      })
      expect([name, response.status]).toEqual([name, 200])
      await response.body?.cancel()
    }
  }

  return { app, admin: app.database.admin, upstreams, get, json, runJobs }
}
