import type { ObjectsClient } from '../create-client.js'
import type { components } from '../schema.js'

type UploadRequest = components['schemas']['UploadRequest']

/** What the service is told about the file, except for its size. */
type FileDescription = Omit<UploadRequest, 'fileName' | 'contentType' | 'sizeBytes' | 'ifAbsent' | 'multipart' | 'partSizeBytes'> & {
  /** The file's path in the run: folders and name; by default the name of the `File`. */
  path?: string
  /** By default the type of the `File` or `Blob`, or `application/octet-stream` if it has none. */
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
  /** Bytes that have arrived, including those of an earlier attempt. They grow by whole parts. */
  sentBytes: number
  sizeBytes: number
}

export type UploadedFile = components['schemas']['Completion']

export interface UploadOptions extends FileDescription {
  client: ObjectsClient
  /** Ends the upload: it rejects with the signal's reason. What was sent in parts stays, to be resumed. */
  signal?: AbortSignal | undefined
  /** Discards the parts if the signal ends the upload. A file that is complete by then stays. */
  discardOnAbort?: boolean | undefined
  /** Called as soon as an upload in parts can be resumed; parts are sent once it has returned. Not called for a single PUT. */
  onBegin?: ((point: ResumePoint) => void | Promise<void>) | undefined
  onProgress?: ((progress: UploadProgress) => void) | undefined
  /** What `onBegin` received: only parts that have not arrived are sent. */
  resumeFrom?: ResumePoint | undefined
  /** Whether to send the file in parts; by default if it has more than 16 MiB. */
  multipart?: boolean | undefined
  /** The size of parts; by default 5 MiB, or more if the file would otherwise have more than 10,000 of them. */
  partSizeBytes?: number | undefined
  /** How many parts are sent side by side; 4 by default. */
  concurrency?: number | undefined
  /** How often each request is tried if there is no answer, or the answer says to try again; 8 times by default. */
  attempts?: number | undefined
  /** How long a request may take, plus a second for every 16 KiB that it sends; 60 s by default. */
  timeoutMs?: number | undefined
  /** Sends files and parts to the storage; by default the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined
}
