import type { ServiceError } from '../state/service.js'
import { strings } from '../text/strings.js'

interface FailureProps {
  error: ServiceError | undefined
  /** Whether what is shown is from before the failure. */
  isFromBefore?: boolean
  onRetry?: () => void
}

/**
 * What went wrong, what to do about it, and a way to try again. It is present while empty, so that screen readers announce it.
 */
export function Failure ({ error, isFromBefore = false, onRetry }: FailureProps) {
  const advice = strings.errors.advice(error?.code)
  return (
    <div class='message' role='alert'>
      {error !== undefined && (
        <>
          <p class='message-text'>
            {isFromBefore ? strings.errors.fromBefore(error.message) : error.message}
            {advice === undefined ? null : ` ${advice}`}
          </p>
          {onRetry === undefined ? null : <button type='button' onClick={onRetry}>{strings.retry}</button>}
        </>
      )}
    </div>
  )
}

/** Grey placeholders for what is being read, so that nothing jumps when it arrives. */
export function Skeleton ({ rows = 3 }: { rows?: number }) {
  return (
    <div class='skeleton' aria-hidden='true'>
      {Array.from({ length: rows }, (_, index) => <span key={index} />)}
    </div>
  )
}
