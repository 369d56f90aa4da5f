/** The fields of JSON that anyone may have sent, so none of their types can be relied on. */
export type Fields = Record<string, unknown>

/** A change as a record of any form reports it, in the terms of Amazon S3's own. */
export interface ReportedChange {
  /** Undefined if the record does not name one; it is then assumed to be the service's. */
  bucket: unknown
  /** Of one of S3's kinds, with or without `s3:`. */
  eventName: unknown
  eventSource: unknown
  eventTime: unknown
  /** With `key`, `size`, `eTag`, `versionId` and `sequencer`, if present. */
  object: Fields
  /** Whether the key is not encoded; otherwise its encoding depends on the source. */
  isKeyPlain: boolean
}

/** What a form reads from a body: a change, or the bodies wrapped in it, each of which may again have any form. */
type Reading = { change: ReportedChange } | { wrapped: readonly unknown[] }

/**
 * One form in which changes are reported.
 *
 * @returns undefined if the body has another form
 */
export type Form = (body: Fields) => Reading | undefined

export function fieldsOf (value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses JSON in a text; undefined if it is not JSON. */
export function parseText (text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
