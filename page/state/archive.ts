import type { Service } from './service.js'

/** For how long a link to an archive can be opened; a download that has begun continues. */
const SHARE_SECONDS = 3_600

/** What goes into an archive: a run, a folder of it, or files. */
export interface ArchivedRun {
  workflowId: string
  runId: string
  /** Empty for the whole run; a folder ends with a slash. */
  prefix: string
}

/**
 * Has the browser save a run or a folder of it as one ZIP, by way of a share link that ends soon: a download that a browser
 * begins by itself cannot send a token.
 *
 * @throws {ServiceError} if no link can be made
 */
export async function downloadArchive (service: Service, run: ArchivedRun, note: string): Promise<void> {
  const { workflowId, runId, prefix } = run
  const { url } = await service.ask((client, signal) => client.POST('/api/v1/objects/shares', {
    body: { workflowId, runId, ...prefix === '' ? {} : { prefix }, expiresIn: SHARE_SECONDS, note }, signal,
  }))
  const address = new URL(url)
  address.searchParams.set('archive', 'zip')
  const link = document.createElement('a')
  link.href = address.href
  // Where the service has no archives, the page stays, and the list of files opens beside it.
  link.download = ''
  link.rel = 'noreferrer'
  link.click()
}
