import { parseArgs } from 'node:util'
import { deviceRoles, type Role, roles } from '../../functions/registry/roles.ts'
import { isMain } from '../system/main-module.ts'
import { developmentSecret } from '../system/secret.ts'
import { signToken, type TokenClaims } from '../system/sign-token.ts'

/** Devices get their tokens from the API. */
const known = roles.filter((role) => !deviceRoles.some((device) => device === role))

const usage = `usage: npm run -s token -- --role <${known.join('|')}> --sub <id> [--tenant <id>] [--ttl <seconds>]
  e.g. npm run -s token -- --role courier --sub 7`

/** Reads the command line of `npm run token`. Its errors say which option to change. */
export function readTokenArguments(args: string[]): TokenClaims {
  const { role, sub, tenant, ttl } = parse(args)
  if (!isRole(role))
    throw new Error(`--role must be one of ${known.join(', ')}${role ? `, not ${role}` : ''}`)
  if (!sub) throw new Error("--sub is missing: the id of the caller, such as a courier's id")
  if (role === 'tenant' && tenant === undefined)
    throw new Error("--tenant is missing: a tenant's token names its tenant")
  return {
    role,
    sub,
    ...(tenant !== undefined && { tenantId: positive('--tenant', tenant) }),
    ...(ttl !== undefined && { ttlSeconds: positive('--ttl', ttl) }),
  }
}

function parse(args: string[]): { role?: string; sub?: string; tenant?: string; ttl?: string } {
  const text = { type: 'string' } as const
  return parseArgs({ args, options: { role: text, sub: text, tenant: text, ttl: text } }).values
}

function isRole(role: string | undefined): role is Role {
  return known.some((one) => one === role)
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${option} must be a whole number above 0, not ${text}`)
}

if (isMain(import.meta)) {
  try {
    const claims = readTokenArguments(process.argv.slice(2))
    console.log(await signToken(developmentSecret(), claims))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 1
  }
}
