import pg from 'pg'

/** A response without rows: the status, and the body that the driver turns into a `NeonDbError`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string

  constructor(status: number, message: string, code = '') {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * The response to a statement that failed. An error of Postgres keeps all its fields. A lost connection is a 400 as
 * well, with an empty code: then neither driver nor proxy can know whether the statement committed.
 */
export function describeFailure(error: unknown): { status: number; body: Record<string, unknown> } {
  if (error instanceof pg.DatabaseError)
    return { status: 400, body: { message: error.message, ...fields(error) } }
  const message = error instanceof Error ? error.message : String(error)
  const { status, code } = error instanceof Refusal ? error : { status: 400, code: '' }
  return { status, body: { message, ...fields({ code }) } }
}

/** A failed connection is reported as the control plane reports it, without a code. A wrong password is a 400. */
export function connectRefusal(error: unknown, user: string): Error {
  // The compute itself reports that the database does not exist.
  if (error instanceof pg.DatabaseError && error.code === '3D000') return error
  if (error instanceof pg.DatabaseError && (error.code === '28P01' || error.code === '28000')) {
    return new Refusal(400, `password authentication failed for user '${user}'`)
  }
  const message = error instanceof Error ? error.message || error.name : String(error)
  return new Refusal(500, `Couldn't connect to compute node: ${message}`)
}

function fields(error: Partial<pg.DatabaseError>): Record<string, string | null> {
  return {
    code: error.code ?? '',
    detail: error.detail ?? null,
    hint: error.hint ?? null,
    position: error.position ?? null,
    internalPosition: error.internalPosition ?? null,
    internalQuery: error.internalQuery ?? null,
    severity: error.severity ?? '',
    where: error.where ?? null,
    table: error.table ?? null,
    column: error.column ?? null,
    schema: error.schema ?? null,
    dataType: error.dataType ?? null,
    constraint: error.constraint ?? null,
    file: error.file ?? null,
    line: error.line ?? null,
    routine: error.routine ?? null,
  }
}
