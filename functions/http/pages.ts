import type { Context } from 'hono'
import type { Env } from '../registry/env.ts'
import { formFor } from './accept.ts'
import type { HttpEnv } from './mount.ts'

/**
 * The page of a path that no endpoint has, for a client that prefers text/html: a page of the dashboard, or its page for
 * unknown paths. Null for programs, which get a problem.
 */
export async function pageFor(c: Context<HttpEnv>): Promise<Response | null> {
  const { env } = c.get('ctx')
  if (!['GET', 'HEAD'].includes(c.req.method) || !wantsPage(c.req.header('accept'))) return null
  const { pathname, search } = new URL(c.req.url)
  if (pathname.startsWith('/app/assets/')) return null
  // `//other.example/` must not become an address of another host.
  const short = `/${withoutOuterSlashes(pathname)}`
  if (pathname !== short) return c.redirect(short + search)
  const isPage = pathname === '/app' || pathname.startsWith('/app/')
  const shell = await shellOf(env, c.req.raw, '/app/')
  return shell && (isPage ? shell : new Response(shell.body, { status: 404, headers: shell.headers }))
}

function withoutOuterSlashes(path: string): string {
  let [from, to] = [0, path.length]
  while (path[from] === '/') from++
  while (to > from && path[to - 1] === '/') to--
  return path.slice(from, to)
}

/** A shell of the dashboard as it lies in dist/web, with its headers; null where the Worker has no assets. */
export async function shellOf({ ASSETS }: Env, request: Request, path = '/'): Promise<Response | null> {
  if (ASSETS === undefined) return null
  const { method, url } = request
  // Without the client’s condition, because every page of the dashboard has the same shell.
  const found = await ASSETS.fetch(new Request(new URL(path, url), { method }))
  if (!found.ok) return null
  const headers = new Headers(found.headers)
  headers.append('vary', 'Accept')
  return new Response(found.body, { status: 200, headers })
}

function wantsPage(accept: string | undefined): boolean {
  try {
    return formFor(accept, ['application/json', 'text/html']) === 'text/html'
  } catch {
    return false
  }
}
