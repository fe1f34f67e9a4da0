import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { childrenOf, untilGone } from '../system/processes.ts'
import { type Launch, launch } from './launch.ts'
import { stopServer } from './orphan.ts'

export type Server = {
  pid(): number | null
  /** Starts it again, on the same port, after `stop` or `kill`. */
  start(): Promise<void>
  /** Shuts down fast: Postgres rolls back running transactions, and all commits are on disk. */
  stop(): Promise<void>
  /** Kills all processes of the server at once, as a power cut does. */
  kill(): Promise<void>
  restart(): Promise<void>
}

/** Keeps one server process on a data directory. If it ends unexpectedly, it is started again after a call of `onCrash`. */
export function keepServer(what: Launch, onCrash: (message: string) => void): Server {
  let server: ChildProcess | null = null
  let wanted = false
  let starting: Promise<void> | null = null
  let reviving: Promise<void> = Promise.resolve()

  function start(): Promise<void> {
    wanted = true
    if (server) return Promise.resolve()
    starting ??= begin().finally(() => {
      starting = null
    })
    return starting
  }

  async function begin(): Promise<void> {
    const started = await launch(what)
    server = started
    started.once('exit', () => {
      server = null
      if (wanted) reviving = revive()
    })
  }

  // After a kill, child processes live until each notices it. Until then no other server can start on the data.
  async function revive(): Promise<void> {
    onCrash('PostgreSQL ended unexpectedly; starting it again.')
    for (let attempt = 1; wanted && !server; attempt++) {
      try {
        await start()
      } catch (error) {
        if (attempt === 20) onCrash(String(error))
        if (attempt === 20) return
        await delay(500)
      }
    }
  }

  async function stop(): Promise<void> {
    wanted = false
    await reviving
    if (!server?.pid) return
    const exited = once(server, 'exit')
    await stopServer(server.pid)
    await exited
  }

  // Backends outlive their postmaster for a moment and could still commit. So the postmaster is suspended first, which
  // ends forking, and then all are killed at once.
  async function kill(): Promise<void> {
    wanted = false
    if (!server?.pid) return
    const exited = once(server, 'exit')
    process.kill(server.pid, 'SIGSTOP')
    const all = [...childrenOf(server.pid), server.pid]
    for (const pid of all) process.kill(pid, 'SIGKILL')
    await exited
    await untilGone(all, 10_000)
  }

  return {
    pid: () => server?.pid ?? null,
    start,
    stop,
    kill,
    async restart() {
      await stop()
      await start()
    },
  }
}
