import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { stopOrphan } from '../postgres/orphan.ts'
import { outsideFolder } from '../postgres/place.ts'
import { standbysIn } from '../postgres/standby.ts'
import { listProcesses, untilGone } from './processes.ts'
import { localFolder, projectRoot } from './project.ts'
import type { State } from './state.ts'

/** Stops the processes of a killed run: its workerd, which still holds the port, and its Postgres. */
export async function stopLeftovers(stale: State | null): Promise<void> {
  if (stale) await stopWorkerd(new URL(stale.url).host)
  await stopServersOf(localFolder)
}

/** Stops the Postgres that a killed run left in this folder, or in the one that replaces it, and its standbys. */
export async function stopServersOf(folder: string): Promise<void> {
  for (const place of [folder, outsideFolder(folder)])
    for (const dataDir of [join(place, 'postgres'), ...standbysIn(place)]) await stopOrphan(dataDir)
}

/** Kills the workerd of this clone that listens on `address`, and no workerd of another clone. False if none does. */
export async function stopWorkerd(address: string): Promise<boolean> {
  // Processes are named by their real path, and the folder may be a link.
  const packages = realpathSync(join(projectRoot, 'node_modules'))
  const ours = listProcesses()
    .filter(({ command }) => command.startsWith(packages))
    .filter(({ command }) => command.includes(`--socket-addr=entry=${address} `))
    .map(({ pid }) => pid)
  for (const pid of ours) process.kill(pid, 'SIGKILL')
  await untilGone(ours, 5_000)
  return ours.length > 0
}
