import { enableCompileCache } from 'node:module'
import { isFree } from '../system/free-port.ts'
import { stopLeftovers } from '../system/leftovers.ts'
import { compileCache } from '../system/project.ts'
import { readStarting, type Starting } from '../system/settings.ts'
import { claimFolder, readStale, releaseFolder, updateState } from '../system/state.ts'
import { type Stopping, untilStopped } from '../system/stopping.ts'

/** `npm start` runs the whole system until Ctrl-C. */
const stopping = untilStopped()
try {
  await run(readStarting(process.env), stopping)
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

async function run(starting: Starting, stopping: Stopping): Promise<void> {
  const stale = readStale()
  claim(`http://127.0.0.1:${starting.port}`)
  try {
    await stopLeftovers(stale)
    await assertFree(starting.port)
    enableCompileCache(compileCache)
    // Loaded late, because wrangler alone takes a second, and before that Ctrl-C must already have its handler.
    const { startSystem } = await import('../system/system.ts')
    await using system = await startSystem({ ...starting, signal: stopping.signal, say: console.log }).catch(
      async (error: unknown) => {
        // Another program may have taken the port while the system started.
        await assertFree(starting.port)
        throw error
      },
    )
    updateState({ pid: process.pid, url: system.url, databaseUrl: system.databaseUrl })
    const { welcome } = await import('../system/welcome.ts')
    console.log(await welcome(system))
    await stopping.stopped
    console.log('Stopping.')
  } finally {
    releaseFolder()
  }
}

function claim(url: string): void {
  const claim = claimFolder({ pid: process.pid, url, databaseUrl: null })
  if (claim.claimed) return
  const { by } = claim
  throw new Error(
    `Already running here: ${by.url} (pid ${by.pid}). Stop that one first: Ctrl-C, or kill ${by.pid}.`,
  )
}

async function assertFree(port: number): Promise<void> {
  if (await isFree(port)) return
  const other = port < 65_535 ? port + 1 : port - 1
  throw new Error(
    `Port ${port} is taken. Stop the program that uses it, or choose another: PORT=${other} npm start`,
  )
}
