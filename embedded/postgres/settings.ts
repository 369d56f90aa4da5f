/** Settings of a PostgreSQL server, by their names. */
export type ServerSettings = Readonly<Record<string, string>>

/**
 * How a server with few connections uses little memory and few processes. Everything that was committed survives a failure of
 * the whole system.
 */
export const frugalSettings: ServerSettings = {
  max_connections: '30',
  shared_buffers: '32MB',
  maintenance_work_mem: '32MB',
  // Reading and writing without processes for it.
  io_method: 'sync',
  // Nobody replicates it.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_worker_processes: '0',
  max_parallel_workers_per_gather: '0',
  autovacuum_worker_slots: '1',
  autovacuum_max_workers: '1',
  min_wal_size: '16MB',
  max_wal_size: '64MB',
  jit: 'off',
  timezone: 'UTC',
}

/**
 * What is needed to supervise a server: it tells by its log when it is ready and why it ends, without quoting statements, and
 * does not start again by itself, since that fails as long as the disk is full.
 */
export const supervisedSettings: ServerSettings = {
  log_min_messages: 'log',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  log_line_prefix: '',
  restart_after_crash: 'off',
}
