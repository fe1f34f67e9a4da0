import type { TestWorker } from '../../support/worker.ts'

/** An alert with evidence, and two messages that were given up. */
export async function prepare({ database: { admin } }: TestWorker): Promise<void> {
  await admin.query(
    `insert into core.alerts (rule, labels, state, severity, since, seen_at, fired_at, value, peak, count, evidence)
     values ('job_failing', '{"job": "core-partitions"}', 'firing', 'critical', now(), now(), now(), 4, 5, 3,
       '[{"job": "core-partitions", "error": "disk full"}]')`,
  )
  await admin.query(
    `insert into core.silences (rule, labels, reason, by, until)
     values ('view_stale', '{}', 'a new disk comes tomorrow', 'admin 1', now() + interval '1 hour')`,
  )
}
