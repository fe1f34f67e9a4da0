import type { BrowserContext, Request, Route } from 'playwright-core'

/** How the API answers the pages of a window from now on. */
export type Manner = 'live' | 'held' | 'failing' | 'silent' | 'emptied' | 'hostile'

export type Answers = {
  set(manner: Manner): void
  /** Calls that have no answer yet. A silent call and an open stream do not count. */
  open(): number
  /** The reads that reached Postgres since the last time this was called, with their round trips. */
  taken(): { path: string; trips: number }[]
}

export const failure = { code: 'database_away', requestId: 'request-of-the-test' }

/** Markup, a change of direction, an emoji and 500 characters: a page must show it as text, and stay as wide as it is. */
const hostileText = `<img src=x onerror="document.title='broken'">\u202e\u{1f33f} ${'x'.repeat(440)}`

const names =
  /^(?:name|title|description|note|reason|why|text|details|label|advice|.*(?:Address|Name)|selection|error|copyright|explanation)$/

/** Stands between the window and the API. When the manner changes, held calls are answered and silent ones fail. */
export async function standBetween(context: BrowserContext): Promise<Answers> {
  let manner: Manner = 'live'
  const open = new Set<Request>()
  /** Those that went on to the API, which a silence does not stop. */
  const passed = new Set<Request>()
  let release = () => undefined as void
  let held = Promise.resolve()

  async function answer(route: Route): Promise<void> {
    const request = route.request()
    const isStream = request.headers()['accept'] === 'text/event-stream'
    if (/\/v1\/(?:session|dev)/.test(request.url()) || request.method() !== 'GET') return route.continue()
    const before = manner
    if (before === 'held' || before === 'silent') await held
    if (before === 'silent') return route.abort()
    if (manner === 'failing') return route.fulfill(refused)
    if (open.has(request)) passed.add(request)
    if (isStream || manner === 'live') return route.continue()
    // The Worker may close a connection that rests, at the moment when the next call takes it.
    const response = await route.fetch({ maxRetries: 3 })
    if (!response.ok()) return route.fulfill({ response })
    const change = manner === 'emptied' ? emptied : hostile
    return route.fulfill({ response, json: change(await response.json()) })
  }

  await context.route(/\/(?:v1\/|readyz)/, (route) =>
    // A page that is left takes its calls back. Any other call must fail rather than wait for ever.
    answer(route).catch(() => route.abort().catch(() => undefined)),
  )
  context.on('request', (request) => {
    if (counts(request)) open.add(request)
  })
  const ended = (request: Request) => open.delete(request) && passed.delete(request)
  context.on('requestfinished', ended)
  context.on('requestfailed', ended)
  const taken: { path: string; trips: number }[] = []
  context.on('response', (response) => {
    const trips = Number(response.headers()['x-db-round-trips'] ?? 0)
    if (counts(response.request()) && trips > 0) taken.push({ path: new URL(response.url()).pathname, trips })
  })
  return {
    taken: () => taken.splice(0),
    set(next) {
      manner = next
      release()
      if (next === 'held' || next === 'silent')
        held = new Promise<void>((resolve) => {
          release = resolve
        })
    },
    open: () => (manner === 'silent' ? passed : open).size,
  }

  function counts(request: Request): boolean {
    return request.url().includes('/v1/') && request.headers()['accept'] !== 'text/event-stream'
  }
}

const refused = {
  status: 503,
  contentType: 'application/problem+json',
  body: JSON.stringify({ title: 'No database', detail: 'Try again', ...failure }),
}

/** The same answer, with no row in any list. */
function emptied(value: unknown): unknown {
  return changed(value, (member) => (Array.isArray(member) ? [] : member))
}

/** The same answer, with markup in each text that a caller may have written. */
function hostile(value: unknown): unknown {
  return changed(value, (member, name) =>
    typeof member === 'string' && names.test(name) ? hostileText : member,
  )
}

function changed(value: unknown, change: (member: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => changed(one, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, changed(change(member, name), change)]),
  )
}
