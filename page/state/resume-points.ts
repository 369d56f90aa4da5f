import type { ResumePoint } from '../../client/index.js'

/** What an upload in parts is known by when its file is chosen again, after a reload. */
export interface ResumableUpload {
  path: string
  target: { workflowId: string, runId: string, direction: string }
  sizeBytes: number
  lastModified: number
}

/**
 * Where uploads in parts continue, for as long as the tab lives: in its session storage, like the token, since a point has the
 * key of the file.
 */
export class ResumePoints {
  readonly #prefix

  /** @param base where the service is */
  constructor (base: URL) {
    this.#prefix = `objects-storage ${base.pathname} upload `
  }

  /** Where an upload of the same file to the same place has begun; undefined if none has. */
  find (upload: ResumableUpload): ResumePoint | undefined {
    const kept = sessionStorage.getItem(this.#nameOf(upload))
    // What is there was written below.
    return kept === null ? undefined : JSON.parse(kept)
  }

  keep (upload: ResumableUpload, point: ResumePoint): void {
    sessionStorage.setItem(this.#nameOf(upload), JSON.stringify(point))
  }

  forget (upload: ResumableUpload): void {
    sessionStorage.removeItem(this.#nameOf(upload))
  }

  forgetAll (): void {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith(this.#prefix)) sessionStorage.removeItem(name)
  }

  #nameOf ({ path, target: { workflowId, runId, direction }, sizeBytes, lastModified }: ResumableUpload): string {
    return this.#prefix + JSON.stringify([workflowId, runId, direction, path, sizeBytes, lastModified])
  }
}
