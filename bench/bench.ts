import type { Measurement } from './measure.js'
import type { PostgresServer } from './services/postgres.js'
import type { BenchStore } from './services/store.js'

/** What a case has to work with. */
export interface Bench {
  /** Undefined if only the embedded parts are wanted. */
  postgres: PostgresServer | undefined
  store: BenchStore
  rounds: number
  /** How long each measurement of a rate takes, in seconds. */
  seconds: number
  /** Also runs what takes many minutes: 10,000,000 rows. */
  isLong: boolean
}

/** One subject, measured in as many figures as needed. A case stops whatever it starts. */
export type Case = (bench: Bench) => AsyncGenerator<Measurement, void>
