import { isFree } from './free-port.ts'
import { stopLeftovers } from './leftovers.ts'
import { readStarting } from './settings.ts'
import { claimFolder, readStale, releaseFolder, updateState } from './state.ts'
import { untilStopped } from './stopping.ts'
import { startSystem } from './system.ts'
import { welcome } from './welcome.ts'

process.exitCode = await main()

/** `npm start`: the whole system, until Ctrl-C. */
async function main(): Promise<number> {
  const stopping = untilStopped()
  const { port, databaseUrl, demoData } = readStarting(process.env)
  const url = `http://127.0.0.1:${port}`
  const stale = readStale()
  const claim = claimFolder({ pid: process.pid, url, databaseUrl: null })
  if (!claim.claimed) {
    console.error(
      `Already running here: ${claim.by.url} (pid ${claim.by.pid}). Stop that one first: Ctrl-C or kill ${claim.by.pid}.`,
    )
    return 1
  }
  try {
    await stopLeftovers(stale)
    if (!(await isFree(port))) {
      console.error(
        `Port ${port} is taken. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
      )
      return 1
    }
    await using system = await startSystem({
      port,
      ...(databaseUrl !== undefined && { databaseUrl }),
      demoData,
      signal: stopping.signal,
      say: console.log,
    })
    updateState({
      pid: process.pid,
      url: system.url,
      databaseUrl: system.databaseUrl,
    })
    console.log(await welcome(system))
    await stopping.stopped
    console.log('Stopping.')
    return 0
  } catch (error) {
    if (stopping.signal.aborted) return 0
    console.error(error instanceof Error ? error.message : error)
    return 1
  } finally {
    releaseFolder()
  }
}
