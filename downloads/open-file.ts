import { type NamedRange, type RangeRequest, isSameRange, namedRange, selectRange } from '../http/byte-range.js'
import { type ConditionalRequest, evaluatePreconditions, mayHaveFile } from '../http/preconditions.js'
import { type FileDigests, type KeptDigest, digestsOf } from '../objects/digests.js'
import { ObjectStorageUnavailable } from '../store/failures.js'
import { type ObjectBody, type ObjectStorage, type ReadRange, type StoredObject, discard } from '../store/object-storage.js'

/** A GET of a file: its preconditions and its range. */
type FileRequest = ConditionalRequest & RangeRequest

/** Where a file is read, and where its digests are known. */
interface FileSource {
  storage: Pick<ObjectStorage, 'head' | 'open' | 'read'>
  objectKey: string
  /** Ends whatever is in progress. */
  signal: AbortSignal
  /** The file's stored digests; undefined if they are not known. Asked for at most once, and before the bytes. */
  keptDigests: () => Promise<readonly KeptDigest[] | undefined>
}

/** What a GET of an existing file is answered with. */
type FileOutcome =
  | { kind: 'opened', opened: ObjectBody, digests: FileDigests }
  | { kind: 'not-modified' | 'precondition-failed' | 'unsatisfiable', stored: StoredObject }

/** What can be asked of the store before anything is known about the file. */
interface FirstQuestion {
  range: NamedRange | undefined
  ifMatch: string | undefined
}

// A single tag, written as stores write theirs: all stores compare such tags in the same way, and some might refuse others.
const plainEntityTag = /^"[\x21\x23-\x7e]{1,100}"$/
// A second attempt, because the file may be replaced between HEAD and GET; if that happens twice in a row, the client should
// not be kept waiting any longer.
const ATTEMPTS = 2
const RETRY_AFTER_SECONDS = 1

/**
 * Opens what a GET asks for, following RFC 9110: preconditions first, then the range. Most take one request to the store: it
 * carries the range, and the headers of the answer say whether that was right.
 *
 * @returns undefined if there is no such file
 * @throws {ObjectStorageUnavailable} if the store does not answer, or the file keeps being replaced
 */
export async function openFile (source: FileSource, request: FileRequest): Promise<FileOutcome | undefined> {
  let asked: ReturnType<FileSource['keptDigests']> | undefined
  const keptDigests = async () => {
    asked ??= source.keptDigests()
    return await asked
  }
  const askingOnce = { ...source, keptDigests }
  const question = firstQuestion(request)
  const first = question === undefined ? { kind: 'undecided' as const } : await openAtOnce(askingOnce, request, question)
  return first?.kind === 'undecided' ? await openAsDecided(askingOnce, request, first.seen) : first
}

/**
 * Sends the store the client's own range and If-Match. The answer is passed on if its headers say that it is what RFC 9110 asks
 * for: stores differ in how they treat If-Range, lists and weak tags.
 *
 * @returns `undecided` if other bytes are needed, with what the answer said about the file, if anything
 */
async function openAtOnce (
  { storage, objectKey, signal, keptDigests }: FileSource, request: FileRequest, question: FirstQuestion,
): Promise<FileOutcome | { kind: 'undecided', seen?: StoredObject } | undefined> {
  // Before the file is opened: while we wait, nobody would notice its bytes breaking off.
  const kept = await keptDigests()
  // The store names checksums only for whole files; once it has been asked about a claim, the database has its answer.
  if (question.range !== undefined && kept?.some(({ isConfirmable }) => isConfirmable)) return { kind: 'undecided' }
  const opened = await storage.open(objectKey, { ...question, signal })
  if (opened === undefined) return undefined
  if (opened === 'changed') return { kind: 'undecided' }
  const { stored, range } = opened
  const decision = decide(request, stored)
  if (decision.kind === 'read' && isSameRange(decision.range, range)) {
    return { kind: 'opened', opened, digests: digestsOf(kept, stored.entityTag, stored.checksums) }
  }
  discard(opened)
  return decision.kind === 'read' ? { kind: 'undecided', seen: stored } : { kind: decision.kind, stored }
}

/**
 * Finds out first what the file is, and then asks for bytes of that very file.
 *
 * @param seen what the file is, if the store has just said so
 */
async function openAsDecided (
  { storage, objectKey, signal, keptDigests }: FileSource, request: FileRequest, seen: StoredObject | undefined,
): Promise<FileOutcome | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = attempt === 0 && seen !== undefined ? seen : await storage.head(objectKey, signal)
    if (stored === undefined) return undefined
    const decision = decide(request, stored)
    if (decision.kind !== 'read') return { kind: decision.kind, stored }
    const kept = await keptDigests()
    const opened = await storage.read(objectKey, { range: decision.range, ifMatch: stored.entityTag, signal })
    if (opened === undefined) return undefined
    if (opened === 'changed') continue
    const checksums = { ...stored.checksums, ...opened.stored.checksums }
    return { kind: 'opened', opened, digests: digestsOf(kept, stored.entityTag, checksums) }
  }
  throw new ObjectStorageUnavailable('The file was replaced again and again while it was opened.', RETRY_AFTER_SECONDS)
}

/**
 * What to ask for before the file is known. Undefined if HEAD should go first: a client that may have the file is likely to get
 * only a 304, and several ranges can be evaluated only with the file's length.
 */
function firstQuestion (request: FileRequest): FirstQuestion | undefined {
  const range = namedRange(request)
  if (range === 'undecided' || mayHaveFile(request)) return undefined
  const { 'if-match': ifMatch } = request.headers
  return {
    range: range === 'whole' ? undefined : range,
    // If it does not match, the store sends no bytes in vain.
    ifMatch: ifMatch !== undefined && plainEntityTag.test(ifMatch) ? ifMatch : undefined,
  }
}

/** The status for a request for this file, and which bytes to send; undefined means all of them. */
function decide (
  request: FileRequest, stored: StoredObject,
): { kind: 'read', range: ReadRange | undefined } | { kind: 'not-modified' | 'precondition-failed' | 'unsatisfiable' } {
  const now = new Date()
  const outcome = evaluatePreconditions(request, stored, now)
  if (outcome !== 'proceed') return { kind: outcome }
  const selection = selectRange(request, stored, now)
  if (selection === 'unsatisfiable') return { kind: selection }
  return { kind: 'read', range: selection === 'whole' ? undefined : selection }
}
