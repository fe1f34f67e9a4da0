export const campaignStatuses = ['active', 'paused', 'archived'] as const

/** Of an offer, a landing page or a traffic source. */
export const partStatuses = ['active', 'archived'] as const

export const costModels = ['cpc', 'cpm', 'cpa', 'revshare'] as const

/** The values of Referrer-Policy that a campaign may choose. */
export const referrerPolicies = [
  'no-referrer',
  'origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'no-referrer-when-downgrade',
  'unsafe-url',
] as const

/** `preview`: a HEAD or a prefetch. `fallback`: a visitor whom no offer of the campaign was for. */
export const clickKinds = ['click', 'preview', 'fallback'] as const

/** General and sophisticated invalid traffic are the classes of the Media Rating Council. */
export const validities = ['valid', 'general', 'sophisticated'] as const

/** In rising order: a conversion only ever moves to a later one. */
export const conversionStatuses = ['pending', 'approved', 'rejected', 'reversed'] as const

export const conversionResults = ['accepted', 'updated', 'duplicate'] as const

export const orphanStates = ['open', 'matched', 'expired'] as const

export const postbackStates = ['waiting', 'delivered', 'dead'] as const

export const ruleSetStates = ['draft', 'active', 'retired'] as const

export const ruleClasses = ['G', 'S'] as const

export const ruleOperators = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in'] as const

/** The facts about a click that a rule may compare. */
export const ruleFacts = [
  'bot',
  'noAgent',
  'hosting',
  'secondsSincePrevious',
  'clicksToday',
  'secondsToConvert',
  'referrerHost',
  'country',
  'asn',
  'device',
  'os',
  'browser',
] as const

/** `replay` applies a set of rules to the history and changes nothing; `rejudge` rewrites the validity of clicks. */
export const replayKinds = ['replay', 'rejudge'] as const
export const replayStates = ['running', 'done', 'failed'] as const

/** The dimensions of a click by which a report may group and that the roll-up of quarter hours lacks. */
export const dimensions = [
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
  'country',
  'device',
  'os',
  'browser',
  'referrer',
] as const
