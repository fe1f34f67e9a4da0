import { z } from 'zod'
import { AppError, problems } from '../core/errors.ts'
import { DatabaseError, toProblem } from '../core/sqlstate.ts'

/** RFC 9457, with our stable `code`, whether a repetition may help, and whether an effect may exist all the same. */
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

type Asked = { requestId: string; method: string }

/** Nothing of an internal error leaves but the request id. */
export function problemResponse(error: AppError, { requestId, method }: Asked): Response {
  const { code, status, title, message: detail, retryAfter, errors, extra } = error
  const outcome = method === 'GET' || method === 'HEAD' ? 'none' : error.outcome
  const retryable = retryAfter !== undefined
  const base = { type: `/problems/${code}`, title, status, code, detail, requestId, retryable, outcome }
  const body = JSON.stringify({ ...base, ...(errors ? { errors } : {}), ...extra })
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter))
  if (status === 401) headers.set('www-authenticate', 'Bearer realm="lockstep"')
  return new Response(body, { status, headers })
}

export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const problem = error instanceof DatabaseError ? toProblem(error) : null
  return problem ?? new AppError('internal', undefined, { outcome: 'unknown', cause: error })
}
