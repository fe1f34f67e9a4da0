import { join } from 'node:path'
import { stopOrphan } from '../postgres/orphan.ts'
import { outsideFolder } from '../postgres/place.ts'
import { listProcesses, untilGone } from './processes.ts'
import { localFolder, projectRoot } from './project.ts'
import type { State } from './state.ts'

/** Stops what a killed run could not: its workerd, which still holds the port, and its Postgres. */
export async function stopLeftovers(stale: State | null): Promise<void> {
  if (stale) await stopWorkerd(new URL(stale.url).host)
  for (const folder of [localFolder, outsideFolder(localFolder)]) await stopOrphan(join(folder, 'postgres'))
}

/** Kills this clone's workerd that listens on `address`, if there is one; nobody else's. */
export async function stopWorkerd(address: string): Promise<void> {
  const ours = listProcesses()
    .filter(({ command }) => command.startsWith(join(projectRoot, 'node_modules')))
    .filter(({ command }) => command.includes(`--socket-addr=entry=${address} `))
    .map(({ pid }) => pid)
  for (const pid of ours) process.kill(pid, 'SIGKILL')
  await untilGone(ours, 5_000)
}
