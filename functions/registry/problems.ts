/** One code has one status: every problem comes from this table. Each row adds the codes of its own rules. */
const core = {
  malformed_json: [400, 'The body is not JSON'],
  body_incomplete: [400, 'The body did not arrive whole'],
  validation_failed: [400, 'The request does not match the contract'],
  invalid_cursor: [400, 'The cursor was not issued by this list'],
  invalid_idempotency_key: [400, 'Idempotency-Key must be 1 to 255 visible characters'],
  unauthenticated: [401, 'A valid bearer token is needed'],
  forbidden: [403, 'This role may not call this route'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'This path does not support that method'],
  not_acceptable: [406, 'Accept excludes every form of this answer'],
  conflict: [409, 'The current state does not allow this'],
  illegal_transition: [409, 'The current state does not allow this step'],
  in_progress: [409, 'A request with this Idempotency-Key is still in progress'],
  version_mismatch: [412, 'The resource has changed since that version'],
  body_too_large: [413, 'The body is larger than this route accepts'],
  unsupported_media_type: [415, 'The body must be application/json'],
  idempotency_key_reused: [422, 'This Idempotency-Key was used with another request'],
  unprocessable: [422, 'The request is valid but cannot be carried out'],
  version_required: [428, 'If-Match with the version is needed'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'Internal error'],
  unavailable: [503, 'The database cannot be reached, or is out of resources'],
  no_data_yet: [503, 'No data has been collected yet'],
  timeout: [503, 'The database took too long'],
  queue_unavailable: [503, 'The queue accepts no messages'],
  too_many_streams: [503, 'No further stream can be opened now'],
  busy: [503, 'Other transactions hold the same rows'],
} as const

const webhooks = {
  too_many_webhooks: [409, 'Webhook limit reached'],
  target_refused: [422, 'Events cannot be sent to this URL'],
} as const

const space = {
  not_covered: [422, 'The data of this window has not been collected'],
} as const

const dispatch = {
  order_taken: [409, 'The order is no longer available'],
  order_busy: [409, 'Another request is changing the order'],
  courier_at_capacity: [409, 'The courier cannot carry that many more boxes'],
  courier_unavailable: [409, 'The courier is not available'],
  excluded: [409, 'The courier gave this order back before'],
  stale_fence: [409, 'The order was reassigned since this fence was issued'],
  delivery_final: [409, 'The delivery can no longer be undone'],
  no_courier: [409, 'No available courier can take this order'],
  lease_expired: [409, 'The time to accept has expired'],
  box_limit_exceeded: [422, 'The store may not send that many boxes'],
  capacity_below_held: [422, 'The courier holds more boxes than that capacity'],
} as const

const ledger = {
  version_conflict: [409, 'The stream has moved past that version'],
  insufficient_funds: [409, 'The available balance is too low'],
  quarantined: [409, 'The account is quarantined until its difference is cleared'],
  hold_missing: [409, 'The stream does not hold the amount that its bet or withdrawal reserves'],
  transfers_rejected: [409, 'At least one transfer of the batch was rejected'],
  amount_out_of_range: [422, 'An amount would leave ±(2^53 - 1) minor units'],
} as const

const fleet = {
  zone_has_node_of_type: [409, 'The zone has a node of this type'],
  credential_in_use: [409, 'The credential of this node is in use'],
  stale_epoch: [409, 'The command is void: its zone or regulator has changed since'],
  command_expired: [409, 'The time of the command has passed'],
  zone_in_auto: [409, 'The zone is regulated: commands by hand need another mode'],
} as const

const clicks = {
  slug_taken: [409, 'Another campaign or source has this slug'],
  replay_running: [409, 'Another replay is running'],
  rule_set_active: [409, 'The set of rules is active'],
  campaign_archived: [410, 'The campaign is archived'],
  destination_invalid: [422, 'Visitors cannot be sent to this URL'],
} as const

export const problems = {
  ...core,
  ...webhooks,
  ...space,
  ...dispatch,
  ...ledger,
  ...fleet,
  ...clicks,
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof problems
