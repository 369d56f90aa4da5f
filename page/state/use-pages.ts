import { useCallback, useRef, useState } from 'preact/hooks'
import { type Service, ServiceError, useService } from './service.js'
import { useRereading } from './use-rereading.js'

/** One page of a list. */
export interface Page<Item> {
  items: Item[]
  /** Null on the last page. */
  nextCursor: string | null
}

/** A list that is read page by page. */
export interface Pages<Item> {
  /** Undefined until the first page has arrived. */
  items: readonly Item[] | undefined
  error: ServiceError | undefined
  isReading: boolean
  hasMore: boolean
  readMore: () => void
  readAgain: () => void
}

interface State<Item> {
  key: string
  items?: readonly Item[]
  cursor: string | null
  error?: ServiceError
  isReading: boolean
}

/**
 * Reads the first page of a list when a place opens and when its inputs change, and each further page when it is asked for.
 * After a change that was made here, it reads everything that is shown again.
 */
export function usePages<Item> (
  read: (service: Service, cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>, inputs: readonly unknown[],
): Pages<Item> {
  const service = useService()
  const key = JSON.stringify(inputs)
  const [state, setState] = useState<State<Item>>({ key, cursor: null, isReading: true })
  const reading = useRef<AbortController | undefined>(undefined)
  const shown = useRef(state)
  shown.current = state
  const latest = useRef(read)
  latest.current = read

  /** Continues from a cursor until there are as many items as before. */
  const run = useCallback((before: readonly Item[], from: string | undefined, wanted: number) => {
    reading.current?.abort()
    const { signal } = reading.current = new AbortController()
    setState((current) => current.key === key ? { ...current, isReading: true } : { key, cursor: null, isReading: true })
    const readOn = async () => {
      let items = before
      let cursor: string | null | undefined = from
      do {
        const page: Page<Item> = await latest.current(service, cursor ?? undefined, signal)
        items = [...items, ...page.items]
        cursor = page.nextCursor
      } while (cursor !== null && items.length < wanted)
      return { key, items, cursor, isReading: false }
    }
    readOn().then((next) => { if (!signal.aborted) setState(next) }, (error: unknown) => {
      if (signal.aborted) return
      if (!(error instanceof ServiceError)) throw error
      setState((current) => ({ ...current.key === key ? current : { cursor: null }, key, error, isReading: false }))
    })
  }, [service, key])

  const readAgain = useCallback(() => {
    const { items = [] } = shown.current.key === key ? shown.current : {}
    run([], undefined, items.length)
  }, [run])
  const readMore = useCallback(() => {
    const { items, cursor, isReading } = shown.current
    if (items !== undefined && cursor !== null && !isReading) run(items, cursor, 0)
  }, [run])

  useRereading(readAgain, () => { reading.current?.abort() })

  const current: State<Item> = state.key === key ? state : { key, cursor: null, isReading: true }
  return {
    items: current.items,
    error: current.error,
    isReading: current.isReading,
    hasMore: current.cursor !== null,
    readMore,
    readAgain,
  }
}
