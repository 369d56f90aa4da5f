import type { Kysely } from 'kysely'
import type { Test } from 'tap'
import { auditSums } from '../../../db/usage/audit.js'
import type { Database } from '../../../db/connection/tables.js'
import type { Load } from './load.js'

/** Connecting to PostgreSQL takes at most 3 seconds, a statement 12; the rest is a reserve for a busy machine. */
const LONGEST_ANSWER_MS = 25_000

/** Reports how the requests during a fault ended, and checks that none took too long. */
function checkAnswers (t: Test, load: Load, allowed: number[]): void {
  const counts: Record<string, number> = {}
  for (const { what, status, code } of load.ended) {
    const outcome = `${what} ${status} ${code}`.trim()
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  const longestMs = Math.round(Math.max(...load.ended.map(({ tookMs }) => tookMs)))
  t.comment(`${JSON.stringify(counts)}, the longest ${longestMs} ms`)
  t.ok(longestMs < LONGEST_ANSWER_MS, 'no answer took too long')
  const others = load.ended.filter(({ status }) => (status === 0 || status >= 400) && !allowed.includes(status))
  t.ok(others.length === 0, `no other failure: ${JSON.stringify(others.slice(0, 3))}`)
  load.ended = []
}

/** Waits until everything works again, and checks how the requests during a fault ended. */
export async function checkRecovery (t: Test, load: Load, allowed: number[]): Promise<void> {
  await load.recovery()
  checkAnswers(t, load, allowed)
}

/** Checks that every file that the load has put into the store is counted once. */
export async function checkCounted (t: Test, load: Load, database: Kysely<Database>): Promise<void> {
  t.same(await auditSums(database), [])
  const rows = await database.selectFrom('objects').select(['object_key', 'size_bytes']).where('removed_at', 'is', null).execute()
  const counted = new Map(rows.map((row) => [row.object_key, Number(row.size_bytes)]))
  t.same([...load.files].filter(([objectKey, sizeBytes]) => counted.get(objectKey) !== sizeBytes), [], 'none is missing')
  t.same([...counted.keys()].filter((objectKey) => !load.files.has(objectKey)), [], 'none is too many')
  t.comment(`${rows.length} files`)
}
