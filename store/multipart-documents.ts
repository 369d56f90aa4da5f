import { ObjectStorageRefused } from './failures.js'
import { resolveXmlReference } from './xml-reference.js'

/** A part that the store has. */
export interface StoredPart {
  /** 1 to 10,000. */
  partNumber: number
  sizeBytes: number
  /** Without quotes. */
  entityTag: string
}

/**
 * The id of an upload, from the answer to CreateMultipartUpload.
 *
 * @throws {ObjectStorageRefused} if there is none
 */
export function readInitiation (xml: string): string {
  const id = textOf(xml, 'UploadId')
  if (id === undefined || id === '') throw new ObjectStorageRefused('it names no upload')
  return id
}

/**
 * The parts in an answer to ListParts.
 *
 * @throws {ObjectStorageRefused} if it is not such an answer, or is cut off
 */
export function readParts (xml: string): { parts: StoredPart[], isTruncated: boolean } {
  if (!/<\/ListPartsResult>\s*$/.test(xml)) throw new ObjectStorageRefused('its answer is not a list of parts')
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => {
    const [partNumber, sizeBytes] = [numberOf(part, 'PartNumber'), numberOf(part, 'Size')]
    const entityTag = textOf(part, 'ETag')?.replaceAll('"', '')
    if (partNumber === undefined || sizeBytes === undefined || entityTag === undefined) {
      throw new ObjectStorageRefused('a part lacks its number, size or tag')
    }
    return { partNumber, sizeBytes, entityTag }
  })
  return { parts, isTruncated: textOf(xml, 'IsTruncated') === 'true' }
}

/** An upload that was begun and neither completed nor aborted. */
export interface ListedUpload {
  objectKey: string
  storeUploadId: string
  /** By the store's clock. */
  beganAt: Date
}

/** Where the next page of a list of uploads begins. */
export interface UploadMarker {
  /** The last key of this page, with the prefix that it has in the bucket. */
  key: string
  /** Further uploads of that key begin after this one; empty if the store does not name one. */
  uploadId: string
}

/**
 * The uploads in an answer to ListMultipartUploads without `encoding-type`: if encoded keys are requested, Ceph RGW 16 encodes
 * the keys but not the marker, and does not say so.
 *
 * @param keyPrefix of all requested keys; the result has them without it
 * @returns `next` is undefined on the last page
 * @throws {ObjectStorageRefused} if it is not such an answer, or is cut off
 */
export function readUploads (xml: string, keyPrefix = ''): { uploads: ListedUpload[], next: UploadMarker | undefined } {
  const list = /<ListMultipartUploadsResult[^>]*>(.*)<\/ListMultipartUploadsResult>\s*$/s.exec(xml)?.[1]
  if (list === undefined) throw new ObjectStorageRefused('its answer is not a list of uploads')
  const uploads = [...list.matchAll(/<Upload>(.*?)<\/Upload>/gs)].map(([, upload = '']) => {
    const [key, storeUploadId] = [textOf(upload, 'Key'), textOf(upload, 'UploadId')]
    const beganAt = new Date(textOf(upload, 'Initiated') ?? '')
    if (key === undefined || !key.startsWith(keyPrefix) || !storeUploadId || Number.isNaN(beganAt.getTime())) {
      throw new ObjectStorageRefused('an upload lacks its key, id or time')
    }
    return { objectKey: key.slice(keyPrefix.length), storeUploadId, beganAt }
  })
  if (textOf(list, 'IsTruncated') !== 'true') return { uploads, next: undefined }
  const key = textOf(list, 'NextKeyMarker')
  if (!key) throw new ObjectStorageRefused('more uploads follow, but it does not say how to ask')
  return { uploads, next: { key, uploadId: textOf(list, 'NextUploadIdMarker') ?? '' } }
}

/**
 * The error code in an answer to CompleteMultipartUpload that began with status 200; undefined if the file was created.
 *
 * @throws {ObjectStorageRefused} if it says neither
 */
export function readCompletion (xml: string): string | undefined {
  if (/<\/CompleteMultipartUploadResult>\s*$/.test(xml)) return undefined
  const errorCode = /<Error>/.test(xml) ? textOf(xml, 'Code') : undefined
  if (errorCode === undefined) throw new ObjectStorageRefused('it does not say whether an upload was completed')
  return errorCode
}

function numberOf (xml: string, name: string): number | undefined {
  const text = textOf(xml, name) ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function textOf (xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replaceAll(/&([^;]{1,10});/g, (all, reference: string) => resolveXmlReference(reference) ?? all)
}
