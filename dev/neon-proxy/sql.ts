import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Faults } from './faults.ts'
import { describeFailure } from './refusal.ts'
import { reply, replyCutShort } from './reply.ts'
import { readBatch, readBody, readRoute, readStatements } from './request.ts'
import type { Sessions } from './sessions.ts'
import { runBatch, runStatement } from './statement.ts'

export type Exchange = { req: IncomingMessage; res: ServerResponse }
export type Backend = { sessions: Sessions; faults: Faults; maxBytes: number }

/** Neon's POST /sql: runs one statement or one batch, sends one response and leaves no state in the session. */
export async function answerSql(exchange: Exchange, backend: Backend): Promise<void> {
  try {
    await execute(exchange, backend)
  } catch (error) {
    const { status, body } = describeFailure(error)
    reply(exchange.res, status, body)
  }
}

async function execute({ req, res }: Exchange, { sessions, faults, maxBytes }: Backend): Promise<void> {
  const route = readRoute(req.headers)
  const batch = readBatch(req.headers)
  const { statements, single } = readStatements(await readBody(req, maxBytes))
  const sql = statements.map(({ query }) => query).join(';\n')
  if (await struckBefore(res, faults, sql)) return
  const session = await sessions.open(route)
  let finished = false
  try {
    if (res.destroyed) return
    const output = { ...readOutput(req.headers), maxBytes, giveUp: () => session.cancel() }
    const signal = cancelWhenClosed(res, faults, async () => {
      // Postgres ignores a request to cancel that overtakes its statement: the request is repeated.
      for (; !finished; await delay(100)) await session.cancel().catch(() => undefined)
    })
    const running = single
      ? runStatement(session.client, single, output)
      : runBatch(session.client, { statements, batch, output, signal })
    if (faults.strikes('cutDuring', sql)) setImmediate(() => res.socket?.resetAndDestroy())
    const result = await running
    if (faults.strikes('cutAfterCommit', sql)) res.socket?.resetAndDestroy()
    else if (faults.strikes('truncate', sql)) replyCutShort(res, result)
    else reply(res, 200, result, single ? {} : echoed(req.headers))
  } finally {
    finished = true
    await session.giveBack()
  }
}

/** Applies the faults that happen before anything executes. True if one of them ended the request. */
async function struckBefore(res: ServerResponse, faults: Faults, sql: string): Promise<boolean> {
  if (faults.settings.latencyMs > 0) await delay(faults.settings.latencyMs)
  if (faults.strikes('blackhole', sql)) return true
  if (faults.strikes('reset', sql)) {
    res.socket?.resetAndDestroy()
    return true
  }
  if (faults.strikes('refuse', sql)) {
    reply(res, 503, { message: 'The endpoint is starting. Retry later.' })
    return true
  }
  return false
}

// When a client disconnects, Neon cancels its query in Postgres, and so does the proxy.
function cancelWhenClosed(res: ServerResponse, faults: Faults, cancel: () => Promise<void>): AbortSignal {
  const closed = new AbortController()
  res.once('close', () => {
    if (res.writableFinished || !faults.settings.cancelWhenCut) return
    closed.abort(new Error('Query cancelled, connection was terminated'))
    void cancel()
  })
  return closed.signal
}

function readOutput(headers: IncomingHttpHeaders): { rawText: boolean; arrayMode: boolean } {
  return {
    rawText: headers['neon-raw-text-output'] === 'true',
    arrayMode: headers['neon-array-mode'] === 'true',
  }
}

function echoed(headers: IncomingHttpHeaders): Record<string, string> {
  const names = ['neon-batch-isolation-level', 'neon-batch-read-only', 'neon-batch-deferrable']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name]
      return typeof value === 'string' && value !== 'false' ? [[name, value]] : []
    }),
  )
}
