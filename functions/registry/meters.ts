/**
 * The metrics that the Worker counts: the name of each metric, its kind, its labels and the text of its HELP line. Label values come
 * from code and never from a caller, because each of them is a series that is kept for good.
 */
export type Meter = {
  kind: 'counter' | 'histogram' | 'gauge'
  help: string
  labels: readonly string[]
  /** Upper bounds of a histogram, in the unit of its name. */
  buckets?: readonly number[]
}

const noClock = 'A Worker’s clock moves with I/O only, so work without I/O counts as 0.'

const core = {
  http_server_request_duration_seconds: {
    kind: 'histogram',
    help: `Time from a request to its response, or until its client left (OpenTelemetry: http.server.request.duration). ${noClock}`,
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  http_server_db_round_trips: {
    kind: 'histogram',
    help: 'Round trips to Postgres of a request',
    labels: ['route', 'method', 'status'],
    buckets: [0, 1, 2, 3, 4, 5, 6, 8, 12, 20],
  },
  http_server_over_budget_total: {
    kind: 'counter',
    help: 'Requests that took more round trips to Postgres than their route declares',
    labels: ['route', 'method'],
  },
  http_server_active_requests: {
    kind: 'gauge',
    help: 'Requests that isolates had open at their last report (OpenTelemetry: http.server.active_requests)',
    labels: [],
  },
  db_query_duration_seconds: {
    kind: 'histogram',
    help: 'Time that the Worker waited for a statement or batch (OpenTelemetry: db.client.operation.duration)',
    labels: ['query'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  },
  db_query_errors_total: {
    kind: 'counter',
    help: 'Failed statements by the class of their SQLSTATE; connection: no answer came',
    labels: ['query', 'class'],
  },
  cache_requests_total: {
    kind: 'counter',
    help: 'Reads of a cache by the layer that answered and by their outcome',
    labels: ['cache', 'layer', 'outcome'],
  },
  cache_age_seconds: {
    kind: 'histogram',
    help: 'Age of the answers of a cache',
    labels: ['cache'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600],
  },
  job_runs_total: {
    kind: 'counter',
    help: 'Runs of a job; busy, done and paused did no work',
    labels: ['job', 'outcome'],
  },
  replica_reads_total: {
    kind: 'counter',
    help: 'Reads over replicas, by what became of them. After all but served the primary answered; left_out found none to ask',
    labels: ['replica', 'outcome'],
  },
  upstream_requests_total: {
    kind: 'counter',
    help: 'Calls of outside servers by their outcome',
    labels: ['upstream', 'outcome'],
  },
  upstream_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time of a call of an outside server with its retries (OpenTelemetry: http.client.request.duration)',
    labels: ['upstream'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
  },
  queue_messages_total: {
    kind: 'counter',
    help: 'Messages of a stream that a consumer stored or that go to the queue again',
    labels: ['queue', 'fate'],
  },
  queue_rejected_total: {
    kind: 'counter',
    help: 'Messages that a queue did not take, or that a consumer gave up, by reason',
    labels: ['queue', 'reason'],
  },
  queue_depth: {
    kind: 'gauge',
    help: 'Things that wait in a queue, by its name in the list of queues; absent while unknown',
    labels: ['queue'],
  },
  alerts_firing: {
    kind: 'gauge',
    help: 'Alerts that fire now, also silenced and acknowledged ones',
    labels: ['severity'],
  },
  db_connections: { kind: 'gauge', help: 'Sessions of clients by their state', labels: ['state'] },
  db_connections_available: {
    kind: 'gauge',
    help: 'Connections that Postgres gives to other roles than superusers',
    labels: [],
  },
  db_connections_pool_size: {
    kind: 'gauge',
    help: 'Connections that the Worker may use at once',
    labels: [],
  },
  db_index_scans_total: {
    kind: 'counter',
    help: 'Index scans since Postgres began to count',
    labels: ['schema'],
  },
  db_seq_scans_total: {
    kind: 'counter',
    help: 'Sequential scans since Postgres began to count',
    labels: ['schema'],
  },
  db_buffer_hit_ratio: { kind: 'gauge', help: 'Blocks found in shared buffers / blocks read', labels: [] },
  db_xmin_age_seconds: { kind: 'gauge', help: 'Age of the oldest open transaction', labels: [] },
  db_blocked_sessions: { kind: 'gauge', help: 'Sessions that wait for a lock', labels: [] },
  job_last_success_age_seconds: {
    kind: 'gauge',
    help: 'Time since the last run of a job that did not fail',
    labels: ['job'],
  },
  job_missed_slots: { kind: 'gauge', help: 'Slots of the last day that no run did', labels: ['job'] },
  view_age_seconds: {
    kind: 'gauge',
    help: 'Time since a materialized view last equalled its sources',
    labels: ['view'],
  },
  outbox_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that a reader of the outbox has not read',
    labels: ['feed'],
  },
  replica_lag_seconds: {
    kind: 'gauge',
    help: 'How far a replica is behind; absent while unknown',
    labels: ['replica'],
  },
  lockstep_gather_report_failures_total: {
    kind: 'counter',
    help: 'Reports of isolates that did not reach the gatherer at the first attempt',
    labels: [],
  },
  lockstep_series_overflow_total: {
    kind: 'counter',
    help: 'Counts that stand under the label value other, because an isolate had 1 000 series',
    labels: [],
  },
  lockstep_gather_isolates: {
    kind: 'gauge',
    help: 'Isolates that reported within fifteen minutes',
    labels: [],
  },
  lockstep_gather_silent_isolates: {
    kind: 'gauge',
    help: 'Isolates that have been silent for two minutes with requests open: up to one second of counts is lost',
    labels: [],
  },
  lockstep_gather_age_seconds: {
    kind: 'gauge',
    help: 'Time since the newest report of an isolate',
    labels: [],
  },
} as const satisfies Record<string, Meter>

const fleet = {
  telemetry_processed_total: {
    kind: 'counter',
    help: 'Samples of messages that the consumer stored, duplicates included; a redelivered message counts again',
    labels: [],
  },
  telemetry_batch_size: {
    kind: 'histogram',
    help: 'Samples that one statement stored',
    labels: [],
    buckets: [1, 5, 10, 50, 100, 200, 500, 1_000, 2_000, 5_000],
  },
  telemetry_queue_size: {
    kind: 'gauge',
    help: 'Messages of samples that wait in the queue; absent where the queue does not say it',
    labels: [],
  },
  telemetry_queue_dropped_total: {
    kind: 'counter',
    help: 'Samples that were not taken because too many waited: thinned by rule, or refused with 429',
    labels: ['reason'],
  },
  telemetry_queue_overflow_alerts_total: {
    kind: 'counter',
    help: 'Alerts about a queue of samples so full that some were not taken',
    labels: [],
  },
  zone_processing_time_seconds: {
    kind: 'histogram',
    help: 'Time of a cycle, in which one statement decides about all zones of a shard',
    labels: [],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30],
  },
  zone_processing_errors_total: {
    kind: 'counter',
    help: 'Zones without a decision in a cycle, by SQLSTATE or out_of_time',
    labels: ['error_type'],
  },
  optimal_concurrency_zones: {
    kind: 'gauge',
    help: 'Zones at once that would keep the rhythm of cycles: zones × mean time / period, from 5 to 50',
    labels: [],
  },
} as const satisfies Record<string, Meter>

export const meters = { ...core, ...fleet } as const satisfies Record<string, Meter>

type Meters = typeof meters
export type MeterName = keyof Meters
type OfKind<Kind> = { [Name in MeterName]: Meters[Name]['kind'] extends Kind ? Name : never }[MeterName]
export type CounterName = OfKind<'counter'>
export type HistogramName = OfKind<'histogram'>
export type LabelsOf<Name extends MeterName> = Readonly<Record<Meters[Name]['labels'][number], string>>
