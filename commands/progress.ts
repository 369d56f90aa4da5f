import cliProgress from 'cli-progress'

/**
 * Shows the progress of some work: a bar on a terminal, plain lines elsewhere. It goes to standard error, separate from
 * results.
 */
export interface ProgressDisplay {
  update (doneCount: number, state: string): void
  stop (): void
}

const LINE_EVERY_MS = 2_000

/**
 * @param expectedCount the estimated total; the bar grows if there is more
 * @param what is counted
 */
export function showProgress (expectedCount: number, what = 'objects'): ProgressDisplay {
  if (!process.stderr.isTTY) {
    let shownAtMs = performance.now()
    return {
      update: (doneCount, state) => {
        if (performance.now() - shownAtMs < LINE_EVERY_MS) return
        shownAtMs = performance.now()
        console.error(`${doneCount.toLocaleString('en')} of about ${expectedCount.toLocaleString('en')} ${what}: ${state}`)
      },
      stop: () => {},
    }
  }
  const bar = new cliProgress.SingleBar({
    format: `{bar} {percentage} % | {value} of about {total} ${what} | {state}`, hideCursor: true, stream: process.stderr,
  })
  bar.start(expectedCount, 0, { state: '' })
  return {
    update: (doneCount, state) => {
      bar.setTotal(Math.max(expectedCount, doneCount))
      bar.update(doneCount, { state })
    },
    stop: () => { bar.stop() },
  }
}
