import { execFileSync } from 'node:child_process'

/** The operating system's user that runs Postgres. Empty for the current user. */
export type OsUser = { uid?: number; gid?: number }

const created = 'lockstep-postgres'

/** PostgreSQL refuses to run as root. For root this returns another user, and creates one on a bare machine. */
export function chooseOsUser(): OsUser {
  if (process.getuid?.() !== 0) return {}
  const user = find('postgres') ?? find(created) ?? create() ?? find('nobody')
  if (user) return user
  throw new Error(
    'PostgreSQL refuses to run as root, there is no user "postgres" and none could be created. ' +
      `Run "useradd --system ${created}" once, or run npm as an ordinary user.`,
  )
}

function find(name: string): OsUser | null {
  try {
    return { uid: id('-u', name), gid: id('-g', name) }
  } catch {
    return null
  }
}

function id(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

function create(): OsUser | null {
  const commands = [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', created],
    ['adduser', '-S', '-D', '-H', '-s', '/bin/false', created],
  ] as const
  for (const [command, ...args] of commands) {
    try {
      execFileSync(command, args, { stdio: 'ignore' })
      return find(created)
    } catch {
      // This command does not exist on this system; the next may.
    }
  }
  return null
}
