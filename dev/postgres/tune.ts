export type Settings = Record<string, string>

const mb = 1024 * 1024
export const gb = 1024 * mb

/**
 * Computes a postgresql.conf for a machine whose memory Postgres has to itself. With `beside` it shares the memory with
 * a developer's editor, browser and Worker, so its buffers stop at 1 GB, as on a machine with 4 GB.
 */
export function tune(
  memoryBytes: number,
  { beside = false, maxConnections = 200, standbys = 0 } = {},
): Settings {
  const memory = Math.max(memoryBytes, 512 * mb)
  const buffers = clamp(memory / 4, 128 * mb, beside ? gb : 64 * gb)
  const maintenance = clamp(memory / 16, 32 * mb, beside ? 256 * mb : 2 * gb)
  // Each connection may sort and hash a few times at once, so all connections share a quarter of the memory.
  const work = clamp(memory / 4 / maxConnections / 2, 4 * mb, 64 * mb)
  return {
    max_connections: String(maxConnections),
    superuser_reserved_connections: '3',
    // A standby that reconnects holds its old sender for a while.
    max_wal_senders: String(Math.max(10, 2 * standbys)),
    shared_buffers: inMb(buffers),
    effective_cache_size: inMb(beside ? memory / 2 : (memory * 3) / 4),
    maintenance_work_mem: inMb(maintenance),
    work_mem: inMb(work),
    // On solid-state disks a random page costs hardly more than the next one.
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    wal_buffers: '16MB',
    min_wal_size: beside ? '128MB' : '1GB',
    max_wal_size: beside ? '1GB' : '8GB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    // In tables used as queues every row is replaced. The default waits until a fifth of the rows is dead, which is too
    // late.
    autovacuum_naptime: '15s',
    autovacuum_vacuum_scale_factor: '0.05',
    autovacuum_analyze_scale_factor: '0.02',
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track': 'all',
    track_io_timing: 'on',
    track_functions: 'pl',
    log_lock_waits: 'on',
    // The statements are short, so compiling them costs more than it saves.
    jit: 'off',
    idle_in_transaction_session_timeout: '5min',
  }
}

/** The lines of a postgresql.conf. */
export function formatSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${/^[\w.]+$/.test(value) ? value : `'${value}'`}`)
    .join('\n')
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function inMb(bytes: number): string {
  return `${Math.floor(bytes / mb)}MB`
}
