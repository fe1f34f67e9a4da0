/**
 * Advisory locks: each job has one number, and no number is reused. Hashes of names would collide at 32 bits.
 * Only transaction-scoped locks are taken; a session lock leaks through a transaction-mode pooler.
 */
const core = {
  housekeeping: 1100,
  partitions: 1110,
  ingestRetention: 1111,
  relationDays: 1112,
  queryStats: 1113,
  queryFolding: 1114,
}

const webhooks = {
  webhooks: 1101,
  deliveryRetention: 1102,
}

const dispatch = {
  dispatchLeaseExpiry: 1201,
  dispatchSettlement: 1202,
  dispatchRetention: 1203,
}

const space = {
  issPosition: 1001,
  osdrSync: 1002,
  apod: 1003,
  neo: 1004,
  donki: 1005,
  elements: 1006,
  refreshIssViews: 1010,
  refreshOsdrViews: 1011,
  refreshRecentActivity: 1012,
  spaceUpkeep: 1013,
}

const ledger = {
  ledgerFoldWaiting: 1301,
  ledgerAggregates: 1302,
  ledgerInvariants: 1303,
}

const ops = {
  opsAlerts: 1601,
}

const fleet = {
  /** With the id of the node as the second key. */
  fleetPublish: 1400,
  /** With the shard as the second key. */
  fleetCycle: 1401,
  fleetSilence: 1402,
  fleetAlerts: 1403,
  fleetFold: 1404,
  fleetPublisher: 1405,
  fleetRearm: 1406,
  fleetModes: 1407,
  fleetRetention: 1408,
  fleetRecalculate: 1409,
}

const clicks = {
  clicksSalts: 1501,
  clicksDimensions: 1502,
  clicksRetention: 1503,
  clicksReplays: 1504,
  clicksChoices: 1505,
  clicksEvents: 1506,
  clicksOrphans: 1511,
  clicksPostbacks: 1512,
}

export const locks = {
  ...core,
  ...webhooks,
  ...dispatch,
  ...space,
  ...ledger,
  ...ops,
  ...fleet,
  ...clicks,
} as const
