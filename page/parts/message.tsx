import type { ServiceError } from '../state/service.js'
import { strings } from '../text/strings.js'

interface FailureProps {
  error: ServiceError | undefined
  /** Whether what is shown is from before the failure. */
  isFromBefore?: boolean
  onRetry?: () => void
}

/** What went wrong, what can be done about it, and a way to try again. It is there before it says anything, to be heard. */
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

/** Grey places of what is being read, so that nothing jumps when it is there. */
export function Skeleton ({ rows = 3 }: { rows?: number }) {
  return (
    <div class='skeleton' aria-hidden='true'>
      {Array.from({ length: rows }, (_, index) => <span key={index} />)}
    </div>
  )
}
