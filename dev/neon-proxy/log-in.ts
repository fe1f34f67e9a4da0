import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { connectToPostgres, type Target } from './target.ts'

/** The version numbers that open a message without a type. */
const protocol3 = 196_608
const cancelRequest = 80_877_102
const encryptionRequests = [80_877_103, 80_877_104]
/** Postgres accepts no longer start-up message. */
const maxStartUpBytes = 10_000

/**
 * Opens the client's session, as Neon's proxy does: the client sends its password in clear text, and the proxy logs in
 * by the method that Postgres requires. Neon's driver sends start-up message, password and first query in one go, so it
 * cannot answer a challenge itself. Returns the socket on which Postgres now waits for queries. Null means that nothing
 * follows: Postgres refused and the client has the error, or the client only cancelled a query.
 */
export async function logIn(client: Duplex, target: Target): Promise<Duplex | null> {
  const opening = await readOpening(client)
  if (opening.code === cancelRequest) return forwardCancel(opening.message, target)
  client.write(message('R', int32(3))) // AuthenticationCleartextPassword
  const password = await readPassword(client)
  const session = new Session(target, parametersOf(opening.message), password)
  try {
    await session.connect()
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    client.write(refusal(error))
    return null
  }
  client.write(session.greeting())
  return session.handOver()
}

/** A login by node-postgres, which speaks every method of Postgres. Its socket is then used without it. */
class Session extends pg.Client {
  private readonly statuses: Buffer[] = []
  private readonly parameters: Record<string, string>

  constructor({ tls, ...server }: Target, parameters: Record<string, string>, password: string) {
    const { user = '', database = user } = parameters
    super({ ...server, ssl: tls, user, database, password })
    this.parameters = { ...parameters, user, database }
    this.on('error', () => undefined)
    this.parts.connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      this.statuses.push(message('S', text(parameterName), text(parameterValue)))
    })
  }

  /** Called by node-postgres: the parameters of the client, not those of the proxy's environment. */
  getStartupConf(): Record<string, string> {
    return this.parameters
  }

  /** The messages with which Postgres admits the session. */
  greeting(): Buffer {
    const { processID, secretKey } = this.parts
    const key = message('K', int32(processID), int32(secretKey))
    return Buffer.concat([message('R', int32(0)), ...this.statuses, key, message('Z', Buffer.from('I'))])
  }

  handOver(): Duplex {
    const { stream } = this.parts.connection
    stream.removeAllListeners('data').removeAllListeners('close').removeAllListeners('end')
    return stream.pause()
  }

  // node-postgres has these but does not declare them.
  private get parts(): Parts {
    return this as unknown as Parts
  }
}

type Status = { parameterName: string; parameterValue: string }
type Parts = {
  connection: { stream: Duplex; on(event: 'parameterStatus', listener: (status: Status) => void): void }
  processID: number
  secretKey: number
}

async function readOpening(client: Duplex): Promise<{ code: number; message: Buffer }> {
  for (;;) {
    const length = await take(client, 4)
    const bytes = length.readUInt32BE(0)
    if (bytes < 8 || bytes > maxStartUpBytes)
      throw new Error('The client does not speak the Postgres protocol')
    const body = await take(client, bytes - 4)
    const code = body.readUInt32BE(0)
    if (code === cancelRequest || code >>> 16 === protocol3 >>> 16) return { code, message: body.subarray(4) }
    if (!encryptionRequests.includes(code)) throw new Error('The client does not speak the Postgres protocol')
    client.write('N')
  }
}

async function readPassword(client: Duplex): Promise<string> {
  const head = await take(client, 5)
  const bytes = head.readUInt32BE(1)
  if (head[0] !== 'p'.charCodeAt(0) || bytes < 5 || bytes > maxStartUpBytes)
    throw new Error('The client sent no password')
  return (await take(client, bytes - 4)).toString('utf8').replace(/\0$/, '')
}

function parametersOf(body: Buffer): Record<string, string> {
  const words = body.toString('utf8').split('\0')
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < words.length && words[i]; i += 2) pairs.push([words[i] ?? '', words[i + 1] ?? ''])
  // node-postgres adds the encoding itself, which is the only one that it speaks.
  return Object.fromEntries(pairs.filter(([name]) => name !== 'client_encoding'))
}

async function forwardCancel(body: Buffer, target: Target): Promise<null> {
  const postgres = await connectToPostgres(target)
  postgres.resume().end(Buffer.concat([int32(16), int32(cancelRequest), body]))
  await once(postgres, 'close')
  return null
}

/** Exactly so many bytes. Bytes that follow stay in the stream. */
async function take(stream: Duplex, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk: Buffer | null = stream.read(bytes)
    if (chunk?.length === bytes) return chunk
    if (chunk !== null || stream.readableEnded || stream.destroyed) throw new Error('The client left')
    await more(stream)
  }
}

async function more(stream: Duplex): Promise<void> {
  const settled = new AbortController()
  const { signal } = settled
  try {
    await Promise.race([once(stream, 'readable', { signal }), once(stream, 'close', { signal })])
  } finally {
    settled.abort()
  }
}

function refusal({ severity, code, message: words, detail, hint }: pg.DatabaseError): Buffer {
  const fields = { S: severity, V: severity, C: code, M: words, D: detail, H: hint }
  const written = Object.entries(fields).flatMap(([name, value]) => (value ? [text(`${name}${value}`)] : []))
  return message('E', ...written, Buffer.alloc(1))
}

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
