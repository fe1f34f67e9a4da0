import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const proc = existsSync('/proc/self/stat')

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * The command line of a process, empty when the process has ended. A pid alone proves nothing, because pids are reused.
 */
export function commandLine(pid: number): string {
  try {
    if (proc) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

export type Process = { pid: number; parent: number; command: string }

export function listProcesses(): Process[] {
  if (!proc) return parsePs(execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => {
      const stat = readStat(pid)
      return stat ? [{ pid, parent: stat.ppid, command: commandLine(pid) }] : []
    })
}

export function childrenOf(parent: number): number[] {
  return listProcesses()
    .filter((process) => process.parent === parent)
    .map(({ pid }) => pid)
}

/** True when all of them have ended, false if one is still running after `withinMs`. */
export async function untilGone(pids: readonly number[], withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  while (pids.some(isAlive)) {
    if (Date.now() > until) return false
    await delay(10)
  }
  return true
}

function parsePs(text: string): Process[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, ...words]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: words.join(' '),
    }))
}

function isZombie(pid: number): boolean {
  return proc && readStat(pid)?.state === 'Z'
}

// The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
function readStat(pid: number): { state: string; ppid: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', ppid = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state, ppid: Number(ppid) }
  } catch {
    return null
  }
}
