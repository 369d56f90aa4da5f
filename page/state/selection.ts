import { useMemo, useState } from 'preact/hooks'
import type { RunFile } from './answers.js'
import { type Entry, idOf } from './entry.js'
import type { Service } from './service.js'

/** Which entries of a list are selected. */
export interface Selection {
  entries: readonly Entry[]
  has: (entry: Entry) => boolean
  toggle: (entry: Entry) => void
  /** Selects just these. */
  set: (entries: readonly Entry[]) => void
}

/** A selection that begins empty whenever `place` changes. */
export function useSelection (place: string): Selection {
  const [state, setState] = useState<{ place: string, entries: ReadonlyMap<string, Entry> }>({ place, entries: new Map() })
  return useMemo(() => {
    const entries = state.place === place ? state.entries : new Map<string, Entry>()
    const set = (chosen: readonly Entry[]) => {
      setState({ place, entries: new Map(chosen.map((entry) => [idOf(entry), entry])) })
    }
    return {
      entries: [...entries.values()],
      has: (entry) => entries.has(idOf(entry)),
      toggle: (entry) => {
        const others = [...entries.values()].filter((other) => idOf(other) !== idOf(entry))
        set(entries.has(idOf(entry)) ? others : [...others, entry])
      },
      set,
    }
  }, [state, place])
}

/** All files of entries: those below a folder are read page by page. */
export async function filesOf (
  service: Service, run: { workflowId: string, runId: string }, entries: readonly Entry[], signal?: AbortSignal,
): Promise<RunFile[]> {
  const files = new Map<string, RunFile>()
  for (const entry of entries) {
    if (entry.kind === 'file') files.set(entry.file.objectKey, entry.file)
    else for await (const file of filesBelow(service, run, entry.path, signal)) files.set(file.objectKey, file)
  }
  return [...files.values()]
}

async function * filesBelow (
  service: Service, run: { workflowId: string, runId: string }, prefix: string, signal?: AbortSignal,
): AsyncGenerator<RunFile> {
  let cursor: string | undefined
  do {
    const query = { ...run, prefix, ...cursor === undefined ? {} : { cursor } }
    const page = await service.ask((client, ended) => client.GET('/api/v1/objects', { params: { query }, signal: ended }), signal)
    if (!('files' in page)) return
    yield * page.files
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}
