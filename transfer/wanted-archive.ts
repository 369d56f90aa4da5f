import type { Connection } from './connection.js'
import { TransferError } from './failures.js'

/** An archive to fetch. */
export interface WantedArchive {
  url: string
  format: 'zip' | 'tar'
  /** Returns the headers that requests for it need. */
  authorise: () => Promise<Record<string, string>>
}

// The service's address may have any path in front of this.
const sharedPath = /\/api\/v1\/objects\/shared\/[\w-]+$/

/** The archive of a run's files, in one direction or both. */
export function archiveOfRun (
  { address, readToken }: Connection,
  { workflowId, runId, direction }: { workflowId: string, runId: string, direction: 'inputs' | 'outputs' | undefined },
  format: WantedArchive['format'],
): WantedArchive {
  const query = new URLSearchParams({ workflowId, runId, ...direction === undefined ? {} : { direction }, format })
  return {
    url: `${address}/api/v1/objects/archive?${query}`,
    format,
    authorise: async () => ({ authorization: `Bearer ${await readToken()}` }),
  }
}

/**
 * The archive of what a share link leads to.
 *
 * @param link as it was made, or the address of its archive
 * @throws {TransferError} if it is not a share link
 */
export function archiveOfLink (link: string, format: WantedArchive['format']): WantedArchive {
  const { protocol, origin, pathname } = URL.canParse(link) ? new URL(link) : { protocol: '', origin: '', pathname: '' }
  const path = pathname.replace(/\/(?:archive\/?)?$/, '')
  // A link is a secret, and is not repeated.
  if (!/^https?:$/.test(protocol) || !sharedPath.test(path)) {
    throw new TransferError('Only a share link leads to an archive: what it leads to as a whole.')
  }
  return { url: `${origin}${path}/archive?format=${format}`, format, authorise: async () => ({}) }
}
