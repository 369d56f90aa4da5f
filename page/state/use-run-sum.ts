import { useMemo, useRef } from 'preact/hooks'
import type { Entry } from './entry.js'
import { useAnswer } from './use-answer.js'

/** Of how many entries of a folder the service adds up what is in them: those of its first page. */
const ADDED_UP = 100

/** What is in a run, or in a folder of it. */
export interface RunSum {
  fileCount: number
  bytes: number
}

/**
 * What a folder of a run holds, or the run itself, as its entries say. The service tells what a run holds only in the list of
 * its workflow's runs: a run with too many entries to be read at once is looked for among the hundred newest.
 *
 * @param folder empty for the run itself
 * @param entries all that is known of its entries; undefined while only some of them are wanted
 * @returns undefined as long as it is not known
 */
export function useRunSum (
  { workflowId, runId }: { workflowId: string, runId: string },
  folder: string,
  entries: readonly Entry[] | undefined,
  hasMore: boolean,
): RunSum | undefined {
  const isLong = folder === '' && entries !== undefined && (hasMore || entries.length > ADDED_UP)
  const { data: listed } = useAnswer(async (service, signal) => {
    if (!isLong) return undefined
    const { runs } = await service.ask((client, ended) => client.GET('/api/v1/objects/workflows/{workflowId}/runs', {
      params: { path: { workflowId }, query: { sort: 'firstSeen' } }, signal: ended,
    }), signal)
    return runs.find((run) => run.runId === runId)
  }, [workflowId, runId, isLong])
  const added = useMemo(() => entries === undefined || hasMore ? undefined : addUp(entries), [entries, hasMore])
  // It stays while entries are read again.
  const last = useRef<{ folder: string, sum: RunSum } | undefined>(undefined)
  const sum = added ?? listed
  if (sum !== undefined) last.current = { folder, sum }
  return last.current?.folder === folder ? last.current.sum : undefined
}

/** Undefined if it is not known of every folder. */
function addUp (entries: readonly Entry[]): RunSum | undefined {
  const sum = { fileCount: 0, bytes: 0 }
  for (const entry of entries) {
    const { fileCount, bytes } = entry.kind === 'folder' ? entry : { fileCount: 1, bytes: entry.file.bytes }
    if (fileCount === undefined || bytes === undefined) return undefined
    sum.fileCount += fileCount
    sum.bytes += bytes
  }
  return sum
}
