import type { ObjectsClient } from '../create-client.js'
import type { components } from '../schema.js'

type UploadRequest = components['schemas']['UploadRequest']

/** What the service is told of the file; its size is the file's own. */
type FileDescription = Omit<UploadRequest, 'fileName' | 'contentType' | 'sizeBytes' | 'ifAbsent' | 'multipart' | 'partSizeBytes'> & {
  /** The file's folders and name in the run; by default the name of the `File`. */
  path?: string
  /** By default the type of the `File` or `Blob`, and `application/octet-stream` if it has none. */
  contentType?: string
}

/** What an upload in parts needs to continue after a reload or a restart. It can be kept as JSON. */
export interface ResumePoint {
  uploadId: string
  objectKey: string
  sizeBytes: number
  partSizeBytes: number
  /** When the file was last modified, in milliseconds; Blobs have no such time. */
  lastModified?: number
}

export interface UploadProgress {
  /** Bytes that the storage has, including those of an earlier attempt. They grow by whole parts. */
  sentBytes: number
  sizeBytes: number
}

export type UploadedFile = components['schemas']['Completion']

export interface UploadOptions extends FileDescription {
  client: ObjectsClient
  /** Ends the upload: it rejects with the signal's reason. What was sent in parts stays, to be resumed. */
  signal?: AbortSignal | undefined
  /** Removes what was sent in parts if the signal ends the upload. A file that is complete by then stays. */
  discardOnAbort?: boolean | undefined
  /** Called as soon as the upload can be resumed, which one in a single PUT cannot; parts are sent once it has returned. */
  onBegin?: ((point: ResumePoint) => void | Promise<void>) | undefined
  onProgress?: ((progress: UploadProgress) => void) | undefined
  /** What `onBegin` was given: only parts that have not arrived are sent. */
  resumeFrom?: ResumePoint | undefined
  /** Whether to send the file in parts; by default if it has more than 16 MiB. */
  multipart?: boolean | undefined
  /** How big parts are; 5 MiB by default, or what it takes for 10,000 of them. */
  partSizeBytes?: number | undefined
  /** How many parts are sent side by side; 4 by default. */
  concurrency?: number | undefined
  /** How often each request is tried if there is no answer, or one that says to try again; 8 times by default. */
  attempts?: number | undefined
  /** For how long a request may take, and a second longer for every 16 KiB that it sends; 60 s by default. */
  timeoutMs?: number | undefined
  /** Sends files and parts to the storage; by default the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined
}
