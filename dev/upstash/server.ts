import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { answerFaults } from '../neon-proxy/control.ts'
import { createFaults, type Faults } from '../neon-proxy/faults.ts'
import { Refusal } from '../neon-proxy/refusal.ts'
import { reply, replyCutShort } from '../neon-proxy/reply.ts'
import { readBody, readJson } from '../neon-proxy/request.ts'
import { serveHttp } from '../system/serve-http.ts'
import { openStore, type Store } from './store.ts'

export type Upstash = {
  url: string
  token: string
  kind: Store['kind']
  /** `cutAfterCommit` loses the answer after the command ran; `match` is searched in the command. */
  faults: Faults
  /** The commands so far, as texts. */
  commands: string[]
  close(): Promise<void>
}

type Command = string[]
type Result = { result: unknown } | { error: string }

const maxBytes = 1024 * 1024

/**
 * Speaks the REST protocol of Upstash in front of a Redis: a command at `/` or in the path, `/pipeline`, and
 * `/multi-exec`. The real clients run on a laptop with it. `/faults` is as at the Neon proxy.
 */
export async function startUpstash(): Promise<Upstash> {
  const store = await openStore()
  const faults = createFaults()
  const token = crypto.randomUUID()
  const commands: string[] = []
  // Commands of several requests must not come between those of a transaction.
  let turn: Promise<unknown> = Promise.resolve()

  const { origin, close } = await serveHttp((req, res) => {
    const answered = req.url === '/faults' ? answerFaults({ req, res }, faults) : answer(req, res)
    answered.catch((error: unknown) => {
      console.error('upstash:', error)
      res.destroy()
    })
  })

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const url = new URL(req.url ?? '/', 'http://upstash')
      authorise(req, url)
      const asked = await readCommands(req, url)
      const text = JSON.stringify(asked.commands)
      commands.push(...asked.commands.map((command) => command.join(' ')))
      if (await struckBefore(res, faults, text)) return
      const running = turn.then(() => runAll(store, asked.commands))
      turn = running
      const results = await running
      const body = encoded(
        asked.isSingle ? results[0] : results,
        req.headers['upstash-encoding'] === 'base64',
      )
      const failed = asked.isSingle && 'error' in (results[0] ?? {})
      if (faults.strikes('cutAfterCommit', text)) res.socket?.resetAndDestroy()
      else if (faults.strikes('truncate', text)) replyCutShort(res, body)
      else reply(res, failed ? 400 : 200, body)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      reply(res, error.status, { error: error.message })
    }
  }

  function authorise({ headers }: IncomingMessage, { searchParams }: URL): void {
    const given = headers.authorization?.replace(/^Bearer /, '') ?? searchParams.get('_token')
    if (given !== token) throw new Refusal(401, 'WRONGPASS invalid or missing auth token')
  }

  return {
    url: origin,
    token,
    kind: store.kind,
    faults,
    commands,
    async close() {
      await close()
      await store.close()
    },
  }
}

async function readCommands(
  req: IncomingMessage,
  { pathname }: URL,
): Promise<{ commands: Command[]; isSingle: boolean }> {
  const body = await readBody(req, maxBytes)
  if (pathname === '/') return { commands: [commandOf(parse(body))], isSingle: true }
  if (pathname === '/pipeline' || pathname === '/multi-exec') {
    const list = parse(body)
    if (!Array.isArray(list)) throw new Refusal(400, 'ERR failed to parse pipeline request')
    return { commands: list.map(commandOf), isSingle: false }
  }
  // A body is the last argument: POST /set/key with the value as body.
  const parts = pathname.slice(1).split('/').map(decodeURIComponent)
  return { commands: [body === '' ? parts : [...parts, body]], isSingle: true }
}

function parse(body: string): unknown {
  try {
    return readJson(body)
  } catch {
    throw new Refusal(400, 'ERR failed to parse command')
  }
}

function commandOf(value: unknown): Command {
  if (!Array.isArray(value) || value.length === 0) throw new Refusal(400, 'ERR empty command')
  return value.map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
}

async function runAll(store: Store, commands: Command[]): Promise<Result[]> {
  const results: Result[] = []
  for (const command of commands)
    results.push(
      await store.run(command).then(
        (result) => ({ result }),
        (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
      ),
    )
  return results
}

/** Upstash encodes each text but OK when the client asks for it, since JSON cannot carry every byte. */
function encoded(value: unknown, base64: boolean): unknown {
  if (!base64) return value
  if (typeof value === 'string') return value === 'OK' ? value : Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map((one) => encoded(one, base64))
  if (typeof value !== 'object' || value === null || 'error' in value) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, encoded(one, base64)]))
}

/** Applies the faults that happen before anything executes. True if one of them ended the request. */
async function struckBefore(res: ServerResponse, faults: Faults, text: string): Promise<boolean> {
  if (faults.settings.latencyMs > 0) await delay(faults.settings.latencyMs)
  if (faults.strikes('blackhole', text)) return true
  if (faults.strikes('reset', text)) {
    res.socket?.resetAndDestroy()
    return true
  }
  if (faults.strikes('refuse', text)) {
    reply(res, 503, { error: 'ERR the server refuses on demand' })
    return true
  }
  return false
}
