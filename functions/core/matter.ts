/** A state that an operator should know and that makes the Worker no less ready. `ok` is null while it is unknown. */
export type Matter = { name: string; ok: boolean | null; detail: string; ageSeconds: number | null }
