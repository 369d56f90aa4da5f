/** The fields of JSON sent by anyone, so none of their types can be relied on. */
export type Fields = Record<string, unknown>

/** A change as a record of any form reports it, in the terms of Amazon S3's own. */
export interface ReportedChange {
  /** Undefined if the record names none; it is then taken to be the service's. */
  bucket: unknown
  /** Of one of S3's kinds, with or without `s3:`. */
  eventName: unknown
  eventSource: unknown
  eventTime: unknown
  /** With `key`, `size`, `eTag`, `versionId` and `sequencer`, as far as they are there. */
  object: Fields
  /** Whether the key is written as it is; otherwise its source says how keys are written. */
  isKeyPlain: boolean
}

/** What a form makes of a body: a change, or bodies that it is wrapped around, each of which may be of any form again. */
type Reading = { change: ReportedChange } | { wrapped: readonly unknown[] }

/**
 * One form in which changes are reported.
 *
 * @returns undefined where the body is of another form
 */
export type Form = (body: Fields) => Reading | undefined

export function fieldsOf (value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What JSON in a text says; undefined where it is none. */
export function parseText (text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
