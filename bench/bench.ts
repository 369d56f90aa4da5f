import type { Measurement } from './measure.js'
import type { PostgresServer } from './services/postgres.js'
import type { BenchStore } from './services/store.js'

/** What a case is measured with. */
export interface Bench {
  /** Undefined where only the embedded parts are wanted. */
  postgres: PostgresServer | undefined
  store: BenchStore
  rounds: number
  /** How long one measurement of a rate takes. */
  seconds: number
  /** Also what takes many minutes: 10,000,000 rows. */
  isLong: boolean
}

/** One thing that is measured, in as many figures as it takes. It stops whatever it starts. */
export type Case = (bench: Bench) => AsyncGenerator<Measurement, void>
