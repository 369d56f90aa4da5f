import { compareObjectKeys } from '../../objects/key-order.js'
import { encodePath } from '../../http/percent-encoding.js'
import { type IndexEntry, type KeyIndex } from './key-index.js'
import { ownerElement } from './owner.js'
import { S3Error } from './s3-error.js'
import { type S3Request, integerParameter } from './s3-request.js'
import { type Xml, document, element } from './xml.js'

const PAGE_MAX_KEYS = 1000

/** Where a page ends: a key, or a common prefix together with all keys under it. */
interface Position {
  value: string
  isPrefix: boolean
}

interface Page {
  entries: IndexEntry[]
  commonPrefixes: string[]
  /** Undefined if nothing comes after the page. */
  next: Position | undefined
}

/** Answers ListObjectsV2 (Amazon S3 API Reference), in the order of the keys' UTF-8 bytes. */
export function listObjectsV2 (request: S3Request, bucket: string, index: KeyIndex): string {
  const { parameters } = request
  const token = parameters.get('continuation-token')
  const startAfter = parameters.get('start-after') ?? ''
  const start = token === undefined ? { value: startAfter, isPrefix: false } : decodeToken(token)
  const listing = readListing(request, start)
  const page = selectPage(index, listing)
  return document('ListBucketResult', [
    ...describePage(bucket, listing, page, parameters.get('fetch-owner') === 'true'),
    element('KeyCount', page.entries.length + page.commonPrefixes.length),
    ...token === undefined ? [] : [element('ContinuationToken', token)],
    ...page.next === undefined ? [] : [element('NextContinuationToken', encodeToken(page.next))],
    ...startAfter === '' ? [] : [element('StartAfter', listing.encode(startAfter))],
  ])
}

/** Answers ListObjects, the first version, which minio-js still uses. */
export function listObjectsV1 (request: S3Request, bucket: string, index: KeyIndex): string {
  const marker = request.parameters.get('marker') ?? ''
  const delimiter = request.parameters.get('delimiter') ?? ''
  const listing = readListing(request, { value: marker, isPrefix: delimiter !== '' && marker.endsWith(delimiter) })
  const page = selectPage(index, listing)
  return document('ListBucketResult', [
    ...describePage(bucket, listing, page, true),
    element('Marker', listing.encode(marker)),
    ...page.next === undefined ? [] : [element('NextMarker', listing.encode(page.next.value))],
  ])
}

interface Listing {
  prefix: string
  delimiter: string
  maxKeys: number
  start: Position
  isUrlEncoded: boolean
  encode: (text: string) => string
}

function readListing (request: S3Request, start: Position): Listing {
  const encoding = request.parameters.get('encoding-type') ?? ''
  if (encoding !== '' && encoding !== 'url') throw new S3Error('InvalidArgument', 'encoding-type must be url.')
  return {
    prefix: request.parameters.get('prefix') ?? '',
    delimiter: request.parameters.get('delimiter') ?? '',
    maxKeys: Math.min(PAGE_MAX_KEYS, integerParameter(request, 'max-keys', {
      minimum: 0, maximum: 2 ** 31 - 1, defaultValue: PAGE_MAX_KEYS,
    })),
    start,
    isUrlEncoded: encoding === 'url',
    encode: encoding === 'url' ? encodePath : (text) => text,
  }
}

// Takes two binary searches and one step per item of the page, however many keys a common prefix represents.
function selectPage (index: KeyIndex, { prefix, delimiter, maxKeys, start }: Listing): Page {
  const page: Page = { entries: [], commonPrefixes: [], next: undefined }
  let last = start
  let cursor = index.from((key) => isAfter(key, start) && compareObjectKeys(key, prefix) >= 0)
  for (let item = cursor.next(); !item.done && item.value.objectKey.startsWith(prefix); item = cursor.next()) {
    if (page.entries.length + page.commonPrefixes.length === maxKeys) return { ...page, next: maxKeys === 0 ? undefined : last }
    const { objectKey } = item.value
    const delimiterAt = delimiter === '' ? -1 : objectKey.indexOf(delimiter, prefix.length)
    if (delimiterAt < 0) {
      page.entries.push(item.value)
      last = { value: objectKey, isPrefix: false }
    } else {
      const commonPrefix = objectKey.slice(0, delimiterAt + delimiter.length)
      page.commonPrefixes.push(commonPrefix)
      const position = { value: commonPrefix, isPrefix: true }
      cursor = index.from((key) => isAfter(key, position))
      last = position
    }
  }
  return page
}

function isAfter (objectKey: string, { value, isPrefix }: Position): boolean {
  return compareObjectKeys(objectKey, value) > 0 && !(isPrefix && objectKey.startsWith(value))
}

function describePage (bucket: string, listing: Listing, page: Page, isOwnerWanted: boolean): Xml[] {
  const { prefix, delimiter, maxKeys, isUrlEncoded, encode } = listing
  return [
    element('Name', bucket),
    element('Prefix', encode(prefix)),
    ...delimiter === '' ? [] : [element('Delimiter', encode(delimiter))],
    element('MaxKeys', maxKeys),
    ...isUrlEncoded ? [element('EncodingType', 'url')] : [],
    element('IsTruncated', page.next !== undefined),
    ...page.entries.map(({ objectKey, sizeBytes, etag, lastModifiedMs }) => element('Contents', [
      element('Key', encode(objectKey)),
      element('LastModified', new Date(lastModifiedMs).toISOString()),
      element('ETag', `"${etag}"`),
      element('Size', sizeBytes),
      ...isOwnerWanted ? [ownerElement('Owner')] : [],
      element('StorageClass', 'STANDARD'),
    ])),
    ...page.commonPrefixes.map((commonPrefix) => element('CommonPrefixes', [element('Prefix', encode(commonPrefix))])),
  ]
}

// A token begins with a letter, so that no client takes it for a number.
function encodeToken ({ value, isPrefix }: Position): string {
  return `${isPrefix ? 'p' : 'k'}${Buffer.from(value).toString('base64url')}`
}

function decodeToken (token: string): Position {
  const value = Buffer.from(token.slice(1), 'base64url').toString()
  const position = { value, isPrefix: token.startsWith('p') }
  if (encodeToken(position) !== token) throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect.')
  return position
}
