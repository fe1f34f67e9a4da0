/** Each row adds the roles of the callers that it serves, and which of them may subscribe to events. */
/** A tenant is a customer of several rows. */
const core = { roles: ['admin', 'tenant'], tenants: ['tenant'], subscribers: ['admin', 'tenant'] } as const
const dispatch = { roles: ['store', 'courier'], subscribers: ['store'] } as const
const fleet = { roles: ['node', 'greenhouse'], issuers: ['lockstep-fleet'] } as const
const clicks = { roles: ['partner'], subscribers: ['partner'] } as const

export const roles = [...core.roles, ...dispatch.roles, ...fleet.roles, ...clicks.roles] as const
export type Role = (typeof roles)[number]

/** The token's `sub` names a row of ours by its id. */
export const rowRoles = [...dispatch.roles] as const
export type RowRole = (typeof rowRoles)[number]

/** The token names the tenant for which its bearer acts. */
export const tenantRoles = [...core.tenants] as const
export type TenantRole = (typeof tenantRoles)[number]

/** Devices, whose tokens come from this API. Their issuer can name no other role, and no other issuer names them. */
export const deviceRoles = [...fleet.roles] as const
export type DeviceRole = (typeof deviceRoles)[number]
export const deviceIssuers: readonly string[] = [...fleet.issuers]

/** Their callers own webhooks: all admins together, each of the others its own. */
export const subscribers: readonly Role[] = [
  ...core.subscribers,
  ...dispatch.subscribers,
  ...clicks.subscribers,
]
