import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'

/*
 * A model of the redirect of Kutt (thedevs-network/kutt, server/handlers and server/queues): the link comes from a cache, a
 * job for the visit goes to another process, and the answer does not wait for it. In favour of Kutt the cache is a Map
 * instead of Redis, the job goes by a pipe instead of Redis, and plain `node:http` stands for Express.
 */
const [url = ''] = process.argv.slice(2)
const links = new Map<string, { id: number; target: string }>()
const database = new pg.Pool({ connectionString: url, max: 10 })
const visits = fork(join(import.meta.dirname, 'visits.ts'), [url])

const server = createServer((request, response) => {
  redirect(request.url?.slice(1) ?? '')
    .then((target) => {
      if (target === null) return response.writeHead(404).end()
      return response.writeHead(302, { location: target, 'content-length': 0 }).end()
    })
    .catch(() => response.writeHead(500).end())

  async function redirect(address: string): Promise<string | null> {
    const link = links.get(address) ?? (await found(address))
    if (link === null) return null
    links.set(address, link)
    const { 'user-agent': userAgent, referer } = request.headers
    visits.send({ link: link.id, userAgent, referrer: referer ?? null })
    return link.target
  }
})

async function found(address: string): Promise<{ id: number; target: string } | null> {
  const { rows } = await database.query('select id, target from kutt.links where address = $1', [address])
  return rows[0] ?? null
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address !== null ? address.port : null)
})

process.on('disconnect', () => {
  visits.kill()
  process.exit()
})
