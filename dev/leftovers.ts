import { join } from 'node:path'
import { stopOrphan } from './postgres/orphan.ts'
import { outsideFolder } from './postgres/place.ts'
import { listProcesses, untilGone } from './processes.ts'
import { localFolder, projectRoot } from './project.ts'
import type { State } from './state.ts'

/** Stops what a killed run could not: its workerd, which still holds the port, and its Postgres. */
export async function stopLeftovers({ url }: State): Promise<void> {
  const entry = `--socket-addr=entry=${new URL(url).host} `
  const workers = listProcesses()
    .filter(({ command }) => command.startsWith(join(projectRoot, 'node_modules')) && command.includes(entry))
    .map(({ pid }) => pid)
  for (const pid of workers) process.kill(pid, 'SIGKILL')
  await untilGone(workers, 5_000)
  for (const folder of [localFolder, outsideFolder(localFolder)]) await stopOrphan(join(folder, 'postgres'))
}
