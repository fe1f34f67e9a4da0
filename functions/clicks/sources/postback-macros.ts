/** The names that the template of a source may have in braces. */
export const postbackMacros = [
  'clickid',
  'externalid',
  'type',
  'txid',
  'status',
  'payout',
  'currency',
  'campaign',
  'source',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
] as const
