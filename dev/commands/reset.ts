import { existsSync, rmSync } from 'node:fs'
import { removeOutside } from '../postgres/place.ts'
import { stopLeftovers } from '../system/leftovers.ts'
import { localFolder } from '../system/project.ts'
import { readRunning, readStale } from '../system/state.ts'

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
