import { resolveXmlReference } from './xml-reference.js'

/** What a listing says about an object. */
export interface ListedObject {
  objectKey: string
  sizeBytes: number
  /** Without quotes; undefined if the store does not name one. */
  entityTag: string | undefined
}

/** One answer to ListObjectsV2. */
export interface ListingDocument {
  objects: ListedObject[]
  /** The common prefixes of keys, up to and including the listing's delimiter; empty without a delimiter. */
  prefixes: string[]
  /** The token for requesting the next page; undefined if this is the last one. */
  nextToken: string | undefined
}

/** The store's answer to a listing is malformed or cut off. The message contains nothing of it: keys are secrets. */
export class MalformedListingError extends Error {
  override name = 'MalformedListingError'
}

const OBJECT_START = '<Contents>'
const OBJECT_END = '</Contents>'
const PREFIXES_START = '<CommonPrefixes>'

/**
 * Parses the answer to ListObjectsV2 (Amazon S3 API Reference). Keys are decoded only if the store says that it encoded them:
 * not every store honours `encoding-type=url`.
 *
 * A listing of millions of keys is read at the speed of its parser, and a general XML parser takes ten times as long. No store
 * writes comments or CDATA into a listing; one that does is refused.
 *
 * @param keyPrefix of all requested keys; the result has them without it
 * @throws {MalformedListingError} also for a key that was not requested
 */
export function readListingDocument (xml: string, keyPrefix = ''): ListingDocument {
  if (!/^(<\?xml[^>]*\?>)?\s*<ListBucketResult[\s>]/.test(xml) || !/<\/ListBucketResult>\s*$/.test(xml)) fail('it is not a ListBucketResult')
  if (xml.includes('<!')) fail('it has a comment, CDATA or a document type')

  const firstAt = xml.indexOf(OBJECT_START)
  const endOfLast = xml.lastIndexOf(OBJECT_END)
  const about = firstAt < 0 ? xml : xml.slice(0, firstAt) + xml.slice(endOfLast)
  const encoding = textOf(about, 'EncodingType', 0, about.length)
  if (encoding !== undefined && encoding !== '' && encoding !== 'url') fail('its encoding is unknown')
  const decode = encoding === 'url' ? decodeUrl : (text: string) => text
  const decodeKey = keyPrefix === '' ? decode : (text: string) => withoutPrefix(decode(text), keyPrefix)

  const objects: ListedObject[] = []
  for (let start = firstAt; start >= 0;) {
    const end = xml.indexOf(OBJECT_END, start)
    if (end < 0) fail('an object does not end')
    const object = readObject(xml, start, end, decodeKey)
    // What consoles show as a folder may be an object with the folder's name.
    if (object.objectKey !== '') objects.push(object)
    start = xml.indexOf(OBJECT_START, end)
  }

  const prefixes: string[] = []
  for (let start = about.indexOf(PREFIXES_START); start >= 0; start = about.indexOf(PREFIXES_START, start + 1)) {
    const end = about.indexOf('</CommonPrefixes>', start)
    const prefix = textOf(about, 'Prefix', start, end)
    if (prefix === undefined) fail('a common prefix is none')
    prefixes.push(decodeKey(prefix))
  }

  const isTruncated = textOf(about, 'IsTruncated', 0, about.length)
  if (isTruncated !== 'true' && isTruncated !== 'false') fail('it does not say whether more follows')
  const nextToken = textOf(about, 'NextContinuationToken', 0, about.length)
  if (isTruncated === 'true' && (nextToken === undefined || nextToken === '')) fail('more follows, but it does not say how to ask')
  return { objects, prefixes, nextToken: isTruncated === 'true' ? nextToken : undefined }
}

function readObject (xml: string, start: number, end: number, decodeKey: (text: string) => string): ListedObject {
  const key = textOf(xml, 'Key', start, end)
  const size = textOf(xml, 'Size', start, end)
  if (key === undefined || key === '') fail('an object has no key')
  if (size === undefined || !/^\d{1,16}$/.test(size) || !Number.isSafeInteger(Number(size))) fail('an object has no size')
  const entityTag = textOf(xml, 'ETag', start, end)?.replaceAll('"', '')
  return { objectKey: decodeKey(key), sizeBytes: Number(size), entityTag: entityTag || undefined }
}

/** The text of the first element with a name between two positions. */
function textOf (xml: string, name: string, start: number, end: number): string | undefined {
  const opening = `<${name}>`
  const openingAt = xml.indexOf(opening, start)
  if (openingAt < 0 || openingAt >= end) return undefined
  const textAt = openingAt + opening.length
  const closingAt = xml.indexOf('<', textAt)
  if (!xml.startsWith(`</${name}>`, closingAt)) fail('an element with text has elements in it')
  return unescape(xml.slice(textAt, closingAt))
}

function unescape (text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:([^;]*);)?/g, (_, reference = '') => resolveXmlReference(reference) ?? fail('it has an unknown reference'))
}

function withoutPrefix (key: string, keyPrefix: string): string {
  return key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : fail('it has a key that was not asked for')
}

/** Form encoding: Amazon S3 and MinIO write a space as `+`; a plus sign is always encoded. */
function decodeUrl (text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return fail('a key is not URL-encoded UTF-8')
  }
}

function fail (what: string): never {
  throw new MalformedListingError(`The object storage's listing cannot be read: ${what}.`)
}
