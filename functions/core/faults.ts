import type { z } from 'zod'

/** One fault of a refused input: where it is and how to correct it. */
export type Fault = { path: string; message: string; code: string }

/** Enough to correct a request. A body with thousands of faults must not cause an answer larger than itself. */
export const mostFaults = 50
const longestPath = 120
const longestMessage = 200

/** The first faults that a schema found, each short and with its own place. `within` leads to the refused value. */
export function faultsOf(
  error: z.ZodError,
  { within = [], most = mostFaults }: { within?: readonly PropertyKey[]; most?: number } = {},
): Fault[] {
  const faults: Fault[] = []
  for (const fault of eachFault(error.issues, within)) {
    if (faults.length === most) break
    faults.push(fault)
  }
  return faults
}

/** Quotes what a caller sent, or what refers to it: long text is cut. */
export function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`
}

export function shortFault<F extends Pick<Fault, 'path' | 'message'>>(fault: F): F {
  return { ...fault, path: short(fault.path, longestPath), message: short(fault.message, longestMessage) }
}

function* eachFault(issues: readonly z.core.$ZodIssue[], within: readonly PropertyKey[]): Generator<Fault> {
  for (const issue of issues) {
    const at = [...within, ...issue.path]
    const { message, code } = issue
    // Of the forms of a union, the client most likely meant the one with the fewest faults.
    const [meant] = code === 'invalid_union' ? issue.errors.toSorted((a, b) => a.length - b.length) : []
    if (meant !== undefined) yield* eachFault(meant, at)
    else if (code !== 'unrecognized_keys') yield shortFault({ path: joined(at), message, code })
    // zod's own message repeats all of the unknown names in each fault.
    else
      for (const key of issue.keys) yield shortFault({ path: joined([...at, key]), message: unknown, code })
  }
}

const unknown = 'This name is not part of the contract'

const joined = (path: readonly PropertyKey[]) => path.map(String).join('.')

const deepestNesting = 32

/**
 * The first place that Postgres cannot store, with NUL or a lone surrogate, or that is nested too deeply for a schema to
 * walk. `except` names a member whose texts are checked later, each element by itself.
 */
export function unstorable(value: unknown, except: string | null = null): Fault | null {
  return firstFault(value, { path: '', depth: 0, texts: true, except })
}

type Place = { path: string; depth: number; texts: boolean; except: string | null }

function firstFault(value: unknown, { path, depth, texts, except }: Place): Fault | null {
  if (depth > deepestNesting)
    return { path, message: `Nested deeper than ${deepestNesting}`, code: 'too_deep' }
  if (typeof value === 'string') return texts ? textFault(value, path) : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`
    const inside = { path: at, depth: depth + 1, texts: texts && key !== except, except: null }
    const fault = (texts ? textFault(key, at) : null) ?? firstFault(item, inside)
    if (fault) return fault
  }
  return null
}

export function textFault(text: string, path: string): Fault | null {
  if (text.includes('\0')) return { path, message: 'Must not contain NUL', code: 'invalid_text' }
  if (!text.isWellFormed()) return { path, message: 'Must be well-formed Unicode', code: 'invalid_text' }
  return null
}
