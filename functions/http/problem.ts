import * as z from 'zod'
import { AppError } from '../core/errors.ts'
import { short, shortFault } from '../core/faults.ts'
import { DatabaseError, toProblem } from '../core/sqlstate.ts'
import { problems } from '../registry/problems.ts'

/** RFC 9457 with a stable `code`. `retryable`: a repetition may help. `outcome`: whether an effect may exist. */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(problems) as [keyof typeof problems, ...(keyof typeof problems)[]]),
    detail: z.string(),
    requestId: z.string(),
    retryable: z.boolean(),
    outcome: z.enum(['none', 'unknown']),
    errors: z
      .array(z.object({ path: z.string(), message: z.string(), code: z.string().optional() }))
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })

type ProblemContext = { requestId: string; method: string }

/** An internal error shows the client its request id and nothing else. */
export function problemResponse(error: AppError, { requestId, method }: ProblemContext): Response {
  const { code, status, title, message: detail, retryAfter, errors, extra } = error
  const outcome = method === 'GET' || method === 'HEAD' ? 'none' : error.outcome
  const retryable = retryAfter !== undefined
  const base = {
    type: `/problems/${code}`,
    title,
    status,
    code,
    detail: short(detail, longestDetail),
    requestId,
    retryable,
    outcome,
  }
  // Members that a verb adds come last, and replace no standard member.
  const members = { ...(errors ? { errors: fitting(errors) } : {}), ...fittingMembers(extra) }
  const body = JSON.stringify({ ...base, ...members, ...base })
  return new Response(body, { status, headers: { ...headersOf(error), 'x-request-id': requestId } })
}

/** JSON escapes a caller's text and so makes it longer: the faults are counted as they are written. */
const [mostFaultBytes, longestDetail] = [12 * 1024, 800]

/** The first faults, in at most `mostFaultBytes`. No caller may get an answer that is much larger than its request. */
function fitting(errors: AppError['errors']): AppError['errors'] {
  if (errors === undefined) return undefined
  let bytes = 0
  return errors.map(shortFault).filter((fault) => (bytes += bytesOf(JSON.stringify(fault))) <= mostFaultBytes)
}

/**
 * The members that a verb adds. A list keeps its first items in at most `mostFaultBytes`; `omitted` counts the others.
 * A verb gives no other large member.
 */
function fittingMembers(extra: Record<string, unknown>): Record<string, unknown> {
  const omitted: Record<string, number> = {}
  let bytes = 0
  // The shortest list comes first, so that a long one takes no room from it.
  const lengthOf = (value: unknown) => (Array.isArray(value) ? value.length : 0)
  const entries = Object.entries(extra).sort(([, a], [, b]) => lengthOf(a) - lengthOf(b))
  const members = entries.map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value]
    const kept = value.filter((item) => (bytes += bytesOf(JSON.stringify(item)) + 1) <= mostFaultBytes)
    if (kept.length < value.length) omitted[name] = value.length - kept.length
    return [name, kept]
  })
  return { ...Object.fromEntries(members), ...(Object.keys(omitted).length > 0 ? { omitted } : {}) }
}

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength

function headersOf({ code, status, retryAfter, extra }: AppError): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="lockstep"' } : {}),
    ...listed(extra, { allow: 'allow', accept: 'accept', acceptEncoding: 'accept-encoding' }),
    // The binding reports neither its quota nor the rest of its window, so the whole window is the longest wait.
    ...(typeof extra['class'] === 'string' && code === 'rate_limited'
      ? { ratelimit: `"${extra['class']}";r=0;t=${retryAfter}` }
      : {}),
  }
}

/** The members of a problem that are also a header: what the path, or its body, may be instead. */
function listed(extra: Record<string, unknown>, names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([member, header]) => {
      const values = extra[member]
      return Array.isArray(values) ? [[header, values.join(', ')]] : []
    }),
  )
}

export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const problem = error instanceof DatabaseError ? toProblem(error) : null
  if (problem !== null) return problem
  return new AppError('internal', 'The fault is in this service: report it with this requestId', {
    outcome: 'unknown',
    cause: error,
  })
}
