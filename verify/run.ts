import type { DatabaseHandle } from '../db/connection/tables.js'
import { type DigestsOfKey, readDigests } from '../db/digests.js'
import { underLease } from '../db/leases.js'
import { listCatalogue } from '../db/reconcile/catalogue-listing.js'
import {
  type ComputedDigests, type VerificationCounts, type VerificationProgress, beginVerification, saveVerification,
} from '../db/verifications.js'
import { type DigestAlgorithm, digestsOf, listDigests } from '../objects/digests.js'
import { prefixOf } from '../objects/object-key.js'
import { createPace } from '../reconcile/pace.js'
import { ObjectStorageRefused } from '../store/failures.js'
import type { ObjectStorage } from '../store/object-storage.js'
import { type ReadFile, readFileDigests } from './read-digests.js'

/** A digest that a file's bytes no longer have, or that was claimed for them and is wrong. */
export interface Mismatch {
  objectKey: string
  algorithm: DigestAlgorithm
  than: 'verified' | 'claimed'
}

/** Which files to read again, and how. */
export interface VerificationRequest {
  /** Undefined for all organisations. */
  orgKey: string | undefined
  /** The share of files to read, chosen at random: more than 0, and 1 for all. */
  share: number
  bytesPerSecond: number | undefined
  /** Begins with the first file even if the last time was not finished. */
  restart: boolean
  onMismatch: (mismatch: Mismatch) => void
  onProgress: (counts: VerificationCounts) => void
  signal: AbortSignal
}

/** The result; all counts include those from before it was resumed. */
export interface VerificationResult {
  counts: VerificationCounts
  isResumed: boolean
  isInterrupted: boolean
}

/** How many files are read side by side. If the process is killed, these have to be read again. */
const READS_MAX_CONCURRENT = 4

/**
 * Reads counted files again, in the order of their keys, and stores the digests of their bytes. It resumes where the last run
 * for the same organisation, or for all, was stopped or killed. A file that is gone is left to a reconcile. If the bytes behind
 * an entity tag have changed, the digest that was verified for it is kept, since it says what they should be.
 *
 * @returns undefined if another run is working on any of the same files, or was killed less than 30 seconds ago
 * @throws {ObjectStorageUnavailable}
 * @throws {LeaseLostError}
 * @throws if the database does not answer
 */
export async function verifyFiles (
  { database, storage }: { database: DatabaseHandle, storage: Pick<ObjectStorage, 'read'> }, request: VerificationRequest,
): Promise<VerificationResult | undefined> {
  const { orgKey, restart } = request
  const scope = orgKey ?? ''
  return await underLease(database, orgKey === undefined ? 'verify' : `verify/${orgKey}`, async (lease) => {
    const begun = await beginVerification(database, lease, scope, { restart })
    const signal = AbortSignal.any([request.signal, lease.lost])
    let progress: VerificationProgress = begun
    try {
      for await (const step of readAgain({ database, storage }, { ...request, signal }, begun)) {
        progress = step.progress
        await saveVerification(database, lease, scope, progress, { computed: step.computed, isFinished: false })
        request.onProgress(progress.counts)
      }
      await saveVerification(database, lease, scope, progress, { computed: [], isFinished: true })
    } catch (error) {
      if (!request.signal.aborted) throw error
    }
    return { counts: progress.counts, isResumed: begun.checkpoint !== '', isInterrupted: request.signal.aborted }
  })
}

/** What was found out about one file. */
interface Examined {
  objectKey: string
  /** Undefined if the file is gone, or may not be read. */
  file: ReadFile | undefined
  isUnreadable: boolean
}

async function * readAgain (
  { database, storage }: { database: DatabaseHandle, storage: Pick<ObjectStorage, 'read'> },
  { orgKey, share, bytesPerSecond, onMismatch, signal }: VerificationRequest, { checkpoint, counts }: VerificationProgress,
): AsyncGenerator<{ progress: VerificationProgress, computed: ComputedDigests[] }, undefined> {
  const pace = createPace(bytesPerSecond)
  const onBytes = async (count: number) => await pace(count, signal)
  const prefix = orgKey === undefined ? '' : prefixOf({ orgKey })
  for await (const page of listCatalogue(database, { prefix, startAfter: checkpoint })) {
    const chosen = page.filter(() => Math.random() < share)
    for (let at = 0; at < chosen.length; at += READS_MAX_CONCURRENT) {
      signal.throwIfAborted()
      const objectKeys = chosen.slice(at, at + READS_MAX_CONCURRENT).map(({ objectKey }) => objectKey)
      const kept = await readDigests(database, objectKeys)
      const examined = await examineTogether(objectKeys, kept, { storage, onBytes, signal })
      for (const mismatch of examined.flatMap((each) => findMismatches(each, kept.get(each.objectKey)))) {
        onMismatch(mismatch)
        counts = { ...counts, mismatchCount: counts.mismatchCount + 1 }
      }
      const read = examined.flatMap(({ objectKey, file }) => file === undefined ? [] : [{ objectKey, ...file }])
      counts = {
        ...counts,
        readCount: counts.readCount + read.length,
        readBytes: read.reduce((sum, { sizeBytes }) => sum + BigInt(sizeBytes), counts.readBytes),
        unreadableCount: counts.unreadableCount + examined.filter(({ isUnreadable }) => isUnreadable).length,
      }
      checkpoint = objectKeys.at(-1) ?? checkpoint
      // Without a tag, nothing distinguishes these bytes from later ones.
      yield { progress: { checkpoint, counts }, computed: read.filter(({ entityTag }) => entityTag !== '') }
    }
  }
}

/** Reads files side by side; if one fails, the others are stopped. */
async function examineTogether (
  objectKeys: readonly string[], kept: ReadonlyMap<string, DigestsOfKey>,
  { storage, onBytes, signal }: {
    storage: Pick<ObjectStorage, 'read'>, onBytes: (count: number) => Promise<void>, signal: AbortSignal
  },
): Promise<Examined[]> {
  const failed = new AbortController()
  const reading = { onBytes, signal: AbortSignal.any([signal, failed.signal]) }
  const results = await Promise.allSettled(objectKeys.map(async (objectKey): Promise<Examined> => {
    try {
      const algorithms = new Set<DigestAlgorithm>(['sha256', ...kept.get(objectKey)?.kept.map(({ algorithm }) => algorithm) ?? []])
      return { objectKey, file: await readFileDigests(storage, objectKey, [...algorithms], reading), isUnreadable: false }
    } catch (error) {
      if (error instanceof ObjectStorageRefused) return { objectKey, file: undefined, isUnreadable: true }
      failed.abort(error)
      throw error
    }
  }))
  failed.signal.throwIfAborted()
  return results.flatMap((result) => result.status === 'fulfilled' ? [result.value] : [])
}

function findMismatches ({ objectKey, file }: Examined, known: DigestsOfKey | undefined): Mismatch[] {
  if (file === undefined) return []
  const { digests, entityTag, stored } = file
  const { verified, claimed } = digestsOf(known?.kept, entityTag, stored)
  const differing = (than: Mismatch['than'], expected: typeof verified) => listDigests(expected)
    .filter(({ algorithm, value }) => digests[algorithm] !== undefined && digests[algorithm] !== value)
    .map(({ algorithm }) => ({ objectKey, algorithm, than }))
  const changed = differing('verified', verified)
  // A claim that was once verified is not reported twice.
  const untrue = differing('claimed', claimed).filter(({ algorithm }) => verified[algorithm] !== claimed[algorithm])
  return [...changed, ...untrue]
}
