import { useCallback, useRef, useState } from 'preact/hooks'
import { type Service, ServiceError, useService } from './service.js'
import { useRereading } from './use-rereading.js'

/** The state of an answer that a place shows. */
export interface Answered<Data> {
  /** The newest answer; it stays while another is read, and if that fails. */
  data: Data | undefined
  /** Why the newest reading failed. */
  error: ServiceError | undefined
  isReading: boolean
  /** Reads it again. */
  readAgain: () => void
}

interface State<Data> {
  key: string
  data?: Data
  error?: ServiceError
  isReading: boolean
}

/**
 * Reads something from the service when a place opens, when its inputs change, and after each change that was made here. Of
 * several readings only the last counts; earlier ones are aborted.
 *
 * @param inputs what the answer depends on: when they change, the previous answer is dropped
 */
export function useAnswer<Data> (
  read: (service: Service, signal: AbortSignal) => Promise<Data>, inputs: readonly unknown[],
): Answered<Data> {
  const service = useService()
  const key = JSON.stringify(inputs)
  const [state, setState] = useState<State<Data>>({ key, isReading: true })
  const reading = useRef(new AbortController())
  const latest = useRef(read)
  latest.current = read

  const readAgain = useCallback(() => {
    reading.current.abort()
    const { signal } = reading.current = new AbortController()
    setState((before) => before.key === key ? { ...before, isReading: true } : { key, isReading: true })
    latest.current(service, signal).then((data) => {
      if (!signal.aborted) setState({ key, data, isReading: false })
    }, (error: unknown) => {
      if (signal.aborted) return
      if (!(error instanceof ServiceError)) throw error
      setState((before) => ({ ...before.key === key ? before : {}, key, error, isReading: false }))
    })
  }, [service, key])

  useRereading(readAgain, () => { reading.current.abort() })

  const { data, error, isReading } = state.key === key ? state : { data: undefined, error: undefined, isReading: true }
  return { data, error, isReading, readAgain }
}
