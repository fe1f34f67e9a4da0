/** Each row adds the roles of the callers that it serves. */
const core = ['admin'] as const
const dispatch = ['store', 'courier'] as const
const ledger = ['tenant'] as const
const fleet = ['node'] as const
const clicks = ['partner'] as const

export const roles = [...core, ...dispatch, ...ledger, ...fleet, ...clicks] as const
export type Role = (typeof roles)[number]

/** The token's `sub` names a row of ours by its id. */
export const rowRoles = [...dispatch] as const
export type RowRole = (typeof rowRoles)[number]
