import { existsSync, rmSync } from 'node:fs'
import { stopLeftovers } from './leftovers.ts'
import { removeOutside } from './postgres/place.ts'
import { localFolder } from './project.ts'
import { readRunning, readStale } from './state.ts'

const running = readRunning()
if (running) {
  console.error(
    `Lockstep runs here (${running.url}, pid ${running.pid}). Stop it first: Ctrl-C, or kill ${running.pid}.`,
  )
  process.exitCode = 1
} else {
  await stopLeftovers(readStale())
  console.log(
    existsSync(localFolder)
      ? 'Deleted the local database, secret and state.'
      : 'There was nothing to delete.',
  )
  rmSync(localFolder, { recursive: true, force: true })
  removeOutside(localFolder)
}
