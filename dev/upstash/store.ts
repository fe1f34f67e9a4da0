import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import RedisMock from 'ioredis-mock'
import { freePort } from '../system/free-port.ts'

export type Store = {
  /** Said by tests and by `npm start`, because the two do not agree in everything. */
  kind: 'redis-server' | 'ioredis-mock'
  /** Rejects with the message of Redis. */
  run(command: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

const commands: ReadonlySet<string> = new Set(Redis.prototype.getBuiltinCommands())

/** A real Redis if `redis-server` is on the PATH, else one in memory. Neither keeps anything when it stops. */
export async function openStore(path = process.env['PATH'] ?? ''): Promise<Store> {
  const binary = path
    .split(delimiter)
    .map((folder) => join(folder, 'redis-server'))
    .find(isExecutable)
  return binary === undefined ? inMemory() : startServer(binary)
}

// The shell ends the server when its own input closes, so no killed parent leaves a server behind.
const bound = '"$0" "$@" & cat > /dev/null; kill $!; wait'

async function startServer(binary: string): Promise<Store> {
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const shell = spawn('/bin/sh', ['-c', bound, binary, ...settings], { stdio: ['pipe', 'ignore', 'ignore'] })
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => 50 })
  // Until the server listens, each attempt to connect reports an error.
  client.on('error', () => undefined)
  const close = async () => {
    client.disconnect()
    const ended = once(shell, 'exit')
    shell.stdin.end()
    await ended
  }
  const late = delay(10_000, 'late', { ref: false })
  if ((await Promise.race([client.ping(), late])) === 'late') {
    await close()
    throw new Error(`${binary} does not answer on port ${port}`)
  }
  return { kind: 'redis-server', run: ([name = '', ...args]) => client.call(name, ...args), close }
}

async function inMemory(): Promise<Store> {
  // Instances of one port share their data.
  const client = new RedisMock({ port: await freePort() })
  return {
    kind: 'ioredis-mock',
    async run([name = '', ...args]) {
      const method: unknown = commands.has(name.toLowerCase())
        ? Reflect.get(client, name.toLowerCase())
        : undefined
      // Its INFO is a text from another server, with figures that are not those of this data.
      if (typeof method !== 'function' || /^info$/i.test(name))
        throw new Error(`ERR unknown command '${name}'`)
      // Redis reads these options in any case, ioredis-mock in capitals only.
      const spelt = args.map((arg, at) =>
        at > 1 && /^(ex|px|exat|pxat|nx|xx|get|keepttl)$/.test(arg) ? arg.toUpperCase() : arg,
      )
      const result: unknown = await Reflect.apply(method, client, name.toLowerCase() === 'set' ? spelt : args)
      return result
    },
    close: async () => client.disconnect(),
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
