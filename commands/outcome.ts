/** How a command ended, as its exit code. */
export const EXIT_CLEAN = 0
export const EXIT_DIFFERENCES = 1
export const EXIT_COULD_NOT_RUN = 2

/** The command was called in a way that makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError'
}
