import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { inTransaction } from './connection/transaction.js'

/**
 * The exclusive right to some work, for as long as it is renewed: a row with an expiry, by the database's clock, and a fencing
 * token that is new each time the lease is taken. It needs no connection of its own, survives the loss of any, and lapses by
 * itself if its process is killed.
 */
export interface Lease extends LeaseClaim {
  /** Aborted with {LeaseLostError} if the lease could not be renewed in time: another process may be at work now. */
  lost: AbortSignal
  /** Makes the lease available at once. If the database does not answer, it expires. */
  release: () => Promise<void>
}

/** Identifies a lease, to check that it is still held. */
export interface LeaseClaim {
  name: string
  holder: string
  token: bigint
}

/** How long a lease lasts without being renewed, and how often it is renewed. */
export interface LeaseTimes {
  durationMs: number
  renewEveryMs: number
}

/** The lease has ended, and another process may hold it. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError'
}

const usualTimes: LeaseTimes = { durationMs: 30_000, renewEveryMs: 10_000 }

/**
 * Takes a lease, and renews it until it is released or lost. A name with a slash, such as `reconcile/acme`, denotes a part of
 * `reconcile`: the whole and a part exclude each other, two parts do not.
 *
 * @returns undefined if someone holds a lease that excludes it
 * @throws if the database does not answer
 */
export async function takeLease (
  database: Kysely<Database>, name: string, times: LeaseTimes = usualTimes,
): Promise<Lease | undefined> {
  const holder = randomUUID()
  // Read before the database's clock is, so that this process never believes it holds the lease for longer than the database
  // does.
  const askedAtMs = performance.now()
  const token = await inTransaction(database, async (transaction) => {
    await lockFamily(transaction, name)
    const { rows: [taken] } = await takeLeaseQuery({ name, holder }, times.durationMs).execute(transaction)
    return taken?.token
  })
  return token === undefined ? undefined : new HeldLease(database, { name, holder, token }, times, askedAtMs)
}

/**
 * Takes a lease for as long as some work lasts.
 *
 * @returns undefined if someone holds a lease that excludes it; the work is not begun then
 * @throws what the work does, or if the database does not answer
 */
export async function underLease<Result> (
  database: Kysely<Database>, name: string, work: (lease: Lease) => Promise<Result>,
): Promise<Result | undefined> {
  const lease = await takeLease(database, name)
  if (lease === undefined) return undefined
  try {
    return await work(lease)
  } finally {
    await lease.release()
  }
}

/** Takes a lease that has ended or was never taken, unless one that excludes it is held. Its family must be locked. */
function takeLeaseQuery ({ name, holder }: Omit<LeaseClaim, 'token'>, durationMs: number) {
  const root = rootOf(name)
  const excluding = name === root ? sql`starts_with(name, ${`${root}/`})` : sql`name = ${root}`
  const end = sql`clock_timestamp() + ${milliseconds(durationMs)}`
  return sql<{ token: bigint }>`
    insert into leases (name, holder, token, expires_at)
    select ${name}, ${holder}::uuid, 1, ${end}
    where not exists (select from leases where ${excluding} and expires_at > clock_timestamp())
    on conflict (name) do update set token = leases.token + 1, holder = excluded.holder, expires_at = ${end}
    where leases.expires_at <= clock_timestamp()
    returning token`
}

/**
 * Runs work in a transaction (READ COMMITTED) before whose end nobody else can take the lease.
 *
 * @throws {LeaseLostError} if it is already lost; nothing is kept then
 */
export async function inTransactionUnder<Result> (
  database: Kysely<Database>, lease: LeaseClaim, work: (transaction: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  return await inTransaction(database, async (transaction) => {
    await lockFamily(transaction, lease.name)
    const { rows } = await sql`
      select from leases
      where ${isHeld(lease)}
      for share`.execute(transaction)
    if (rows.length === 0) throw new LeaseLostError('The lease is lost.')
    return await work(transaction)
  })
}

/** Makes a lease available once what is written with it is committed. Its holder must still release it. */
export async function endLease (database: Kysely<Database>, lease: LeaseClaim): Promise<void> {
  await sql`
    update leases set expires_at = clock_timestamp()
    where ${isHeld(lease)}`.execute(database)
}

/**
 * Parts for a statement that writes under a lease on its own: `held` has a row only if the lease is held, and nobody else can
 * take it before the statement's transaction ends. The lease is checked once the family is locked. Leases of parts and of
 * wholes have different texts.
 */
export function heldLeaseParts (lease: LeaseClaim): RawBuilder<unknown> {
  return sql`family as materialized (
  select from leases where name = ${rootOf(lease.name)} ${familyLock(lease.name)}
), held as materialized (
  select from leases
  where ${isHeld(lease)}
    and exists (select from family)
  for share
)`
}

/**
 * Makes anyone wait who takes, renews or relies on a lease that would exclude this one, until the transaction ends. What they
 * did before is visible only to statements that begin after this one: whether a lease is held must be asked in a separate
 * statement.
 */
async function lockFamily (transaction: Transaction<Database>, name: string): Promise<void> {
  const root = rootOf(name)
  await sql`
    insert into leases (name, holder, token, expires_at) values (${root}, ${randomUUID()}::uuid, 0, clock_timestamp())
    on conflict (name) do nothing`.execute(transaction)
  await sql`select from leases where name = ${root} ${familyLock(name)}`.execute(transaction)
}

/** Whether a row of `leases` belongs to the given lease and has not expired. */
function isHeld ({ name, holder, token }: LeaseClaim): RawBuilder<boolean> {
  return sql<boolean>`name = ${name} and holder = ${holder}::uuid and token = ${token} and expires_at > clock_timestamp()`
}

/** How the root's row is locked: shared by the parts, exclusively by the whole. */
function familyLock (name: string): RawBuilder<unknown> {
  return isOfPart(name) ? sql`for share` : sql`for update`
}

/** Whether a lease is for a part, such as `reconcile/acme`. */
export function isOfPart (name: string): boolean {
  return name !== rootOf(name)
}

function rootOf (name: string): string {
  return name.split('/', 1)[0] ?? name
}

class HeldLease implements Lease {
  readonly name: string
  readonly holder: string
  readonly token: bigint
  readonly #database: Kysely<Database>
  readonly #times: LeaseTimes
  readonly #lost = new AbortController()
  readonly #ended = new AbortController()
  readonly #renewing: Promise<void>
  #expiry: NodeJS.Timeout

  constructor (database: Kysely<Database>, { name, holder, token }: LeaseClaim, times: LeaseTimes, askedAtMs: number) {
    this.name = name
    this.holder = holder
    this.token = token
    this.#database = database
    this.#times = times
    this.#expiry = this.#expireAfter(askedAtMs)
    this.#renewing = this.#keep()
  }

  get lost (): AbortSignal {
    return this.#lost.signal
  }

  async release (): Promise<void> {
    this.#ended.abort()
    clearTimeout(this.#expiry)
    await this.#renewing
    await endLease(this.#database, this).catch(() => {})
  }

  #expireAfter (askedAtMs: number): NodeJS.Timeout {
    const leftMs = askedAtMs + this.#times.durationMs - performance.now()
    return setTimeout(() => { this.#lose() }, Math.max(0, leftMs)).unref()
  }

  #lose (): void {
    this.#lost.abort(new LeaseLostError('The lease could not be renewed in time.'))
    this.#ended.abort()
  }

  async #keep (): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      try {
        await wait(this.#times.renewEveryMs, undefined, { signal, ref: false })
        await this.#renew()
      } catch {
        // The database does not answer: the lease lasts until it expires, and renewing is retried until then.
      }
    }
  }

  async #renew (): Promise<void> {
    const askedAtMs = performance.now()
    const { numAffectedRows = 0n } = await inTransaction(this.#database, async (transaction) => {
      await lockFamily(transaction, this.name)
      return await sql`
        update leases set expires_at = clock_timestamp() + ${milliseconds(this.#times.durationMs)}
        where ${isHeld(this)}`.execute(transaction)
    })
    if (this.#ended.signal.aborted) return
    clearTimeout(this.#expiry)
    if (numAffectedRows === 0n) this.#lose()
    else this.#expiry = this.#expireAfter(askedAtMs)
  }
}
