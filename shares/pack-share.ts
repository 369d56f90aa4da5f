import { type ObjectKeyParts, parseObjectKey, prefixOf } from '../objects/object-key.js'

/** What a share link leads to. */
export type ShareTarget =
  | { kind: 'file', objectKey: string }
  | {
    /** Files of a run: those whose path begins with a prefix, as they are when the link is opened. */
    kind: 'files'
    workflowId: string
    runId: string
    /** Only files of this user; undefined: everyone's. */
    createdBy: string | undefined
    prefix: string
  }
  /** Files that someone selected: the database knows them by the link's id. */
  | { kind: 'selection' }

/** What is sealed in a share link. */
export interface ShareContent {
  /** The links of the files on its page have the same id, and end when it does. */
  id: string
  orgKey: string
  /** When it was made, in microseconds since 1970 by the database's clock. */
  madeAtMicros: number
  /** In milliseconds since 1970. */
  expiresAtMs: number
  disposition: 'attachment' | 'inline'
  target: ShareTarget
}

/*
 * The form, with lengths in bytes: flags; id (16); expiry (6); when it was made (8); the organisation's key, preceded by its
 * length (1); workflow (16); run (16). For a file, then its creator (16), the key's token (16, or another length, which then
 * precedes it, 2) and its path. For several files, the creator (16) if they are one user's, and the prefix. For a selection,
 * nothing follows the organisation's key.
 */
const FILES = 1
const INLINE = 2
const OF_USER = 4
const OUTPUTS = 8
const PACKED_TOKEN = 16
const SELECTION = 32

const ID_BYTES = 16
const EXPIRY_BYTES = 6
const TOKEN_BYTES = 16

/**
 * Packs a share into bytes, so that its link is short: identifiers take 16 bytes each.
 *
 * @throws {TypeError} if its object key is malformed, or belongs to another organisation
 */
export function packShare ({ id, orgKey, madeAtMicros, expiresAtMs, disposition, target }: ShareContent): Buffer {
  const times = Buffer.alloc(EXPIRY_BYTES + 8)
  times.writeUIntBE(expiresAtMs, 0, EXPIRY_BYTES)
  times.writeBigUInt64BE(BigInt(madeAtMicros), EXPIRY_BYTES)
  const { flags, packed } = packTarget(orgKey, target)
  return Buffer.concat([
    Buffer.from([flags | (disposition === 'inline' ? INLINE : 0)]), packUuid(id), times,
    Buffer.from([orgKey.length]), Buffer.from(orgKey), packed,
  ])
}

/** @param packed by `packShare` */
export function unpackShare (packed: Buffer): ShareContent {
  let at = 0
  const take = (length: number) => {
    at += length
    return packed.subarray(at - length, at)
  }
  const takeUuid = () => unpackUuid(take(ID_BYTES))
  const takeRest = () => take(packed.length - at).toString()
  const [flags = 0] = take(1)
  const has = (flag: number) => (flags & flag) !== 0
  const id = takeUuid()
  const expiresAtMs = take(EXPIRY_BYTES).readUIntBE(0, EXPIRY_BYTES)
  const madeAtMicros = Number(take(8).readBigUInt64BE())
  const orgKey = take(take(1).readUInt8()).toString()
  const takeTarget = (): ShareTarget => {
    if (has(SELECTION)) return { kind: 'selection' }
    const [workflowId, runId] = [takeUuid(), takeUuid()]
    if (!has(FILES)) return { kind: 'file', objectKey: takeFile(workflowId, runId) }
    return { kind: 'files', workflowId, runId, createdBy: has(OF_USER) ? takeUuid() : undefined, prefix: takeRest() }
  }
  const takeFile = (workflowId: string, runId: string) => {
    const createdBy = takeUuid()
    const token = has(PACKED_TOKEN) ? take(TOKEN_BYTES).toString('base64url') : take(take(2).readUInt16BE()).toString()
    const direction = has(OUTPUTS) ? 'outputs' : 'inputs'
    return `${prefixOf({ orgKey, workflowId, runId, createdBy })}${direction}/${token}/${takeRest()}`
  }
  return {
    id,
    orgKey,
    madeAtMicros,
    expiresAtMs,
    disposition: has(INLINE) ? 'inline' : 'attachment',
    target: takeTarget(),
  }
}

function packTarget (orgKey: string, target: ShareTarget): { flags: number, packed: Buffer } {
  switch (target.kind) {
    case 'file': return packFile(orgKey, target.objectKey)
    case 'files': return packFiles(target)
    case 'selection': return { flags: SELECTION, packed: Buffer.alloc(0) }
  }
}

function packFile (orgKey: string, objectKey: string) {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined || parts.orgKey !== orgKey) throw new TypeError('The object key is not one of the organisation.')
  const { workflowId, runId, createdBy, direction, path } = parts
  const token = packToken(parts)
  return {
    flags: (direction === 'outputs' ? OUTPUTS : 0) | token.flags,
    packed: Buffer.concat([packUuid(workflowId), packUuid(runId), packUuid(createdBy), token.packed, Buffer.from(path)]),
  }
}

/** Tokens that this service made have 16 bytes; others may have any length. */
function packToken ({ token }: Pick<ObjectKeyParts, 'token'>) {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length === TOKEN_BYTES && bytes.toString('base64url') === token) return { flags: PACKED_TOKEN, packed: bytes }
  const length = Buffer.alloc(2)
  length.writeUInt16BE(token.length)
  return { flags: 0, packed: Buffer.concat([length, Buffer.from(token)]) }
}

function packFiles ({ workflowId, runId, createdBy, prefix }: ShareTarget & { kind: 'files' }) {
  return {
    flags: FILES | (createdBy === undefined ? 0 : OF_USER),
    packed: Buffer.concat([
      packUuid(workflowId), packUuid(runId), ...createdBy === undefined ? [] : [packUuid(createdBy)], Buffer.from(prefix),
    ]),
  }
}

function packUuid (uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

function unpackUuid (bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
