import type { Service } from './service.js'

/** For how long a link to an archive can be opened; a download that has begun continues. */
const SHARE_SECONDS = 3_600
/** How many characters a note may have. */
const NOTE_LENGTH = 200

/** The run or folder that goes into an archive. */
export interface ArchivedRun {
  workflowId: string
  runId: string
  /** Empty for the whole run; a folder ends with a slash. */
  prefix: string
}

/**
 * Makes the browser save a run, a folder of it, or files as one ZIP, through a share link that expires soon: a download that a
 * browser begins by itself cannot send a token.
 *
 * @param name the link's name in the list of links; shortened if it is long
 * @throws {ServiceError} if no link can be made
 */
export async function downloadArchive (
  service: Service, what: ArchivedRun | { objectKeys: string[] }, name: string,
): Promise<void> {
  const note = [...name].slice(0, NOTE_LENGTH).join('')
  const { archiveUrl } = await service.ask(async (client, signal) => 'objectKeys' in what
    ? await client.POST('/api/v1/objects/archive', { body: { ...what, expiresIn: SHARE_SECONDS, note }, signal })
    : await client.POST('/api/v1/objects/shares', { body: { ...shareOf(what), expiresIn: SHARE_SECONDS, note }, signal }))
  if (archiveUrl === undefined) return
  const link = document.createElement('a')
  link.href = archiveUrl
  // If the download is refused, the browser stays on this page.
  link.download = ''
  link.rel = 'noreferrer'
  link.click()
}

function shareOf ({ workflowId, runId, prefix }: ArchivedRun): { workflowId: string, runId: string, prefix?: string } {
  return { workflowId, runId, ...prefix === '' ? {} : { prefix } }
}
