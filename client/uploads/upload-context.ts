import type { ObjectsClient } from '../create-client.js'
import type { components } from '../schema.js'
import type { Patience } from './retries.js'
import type { UploadOptions } from './upload-options.js'

/** What the steps of an upload share. */
export interface UploadContext {
  client: ObjectsClient
  patience: Patience
  fetch: typeof globalThis.fetch
  /** What the service is told about the file. */
  request: components['schemas']['UploadRequest'] & { sizeBytes: number }
}

const ATTEMPTS = 8
const TIMEOUT_MS = 60_000

/** @throws TypeError if the file has no name and none is given */
export function createContext (file: Blob, options: UploadOptions): UploadContext {
  const {
    client, signal = new AbortController().signal, attempts = ATTEMPTS, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch,
    // The remaining options describe the file, by the names in the service's schema.
    discardOnAbort, onBegin, onProgress, resumeFrom, multipart, partSizeBytes, concurrency, ...description
  } = options
  const { path = nameOf(file), contentType = file.type || 'application/octet-stream' } = description
  if (path === undefined) throw new TypeError('A Blob has no name: the option `path` must give one.')
  return {
    client,
    patience: { attempts, timeoutMs, signal },
    fetch: (...request) => fetch(...request),
    request: { ...description, path, contentType, sizeBytes: file.size },
  }
}

/** When a file was last modified; undefined for a Blob. */
export function modificationOf (file: Blob): number | undefined {
  return 'lastModified' in file && typeof file.lastModified === 'number' ? file.lastModified : undefined
}

function nameOf (file: Blob): string | undefined {
  return 'name' in file && typeof file.name === 'string' ? file.name : undefined
}
