import cliProgress from 'cli-progress'

/** Shows how far some work has come: a bar on a terminal, plain lines elsewhere. On standard error: results go elsewhere. */
export interface ProgressDisplay {
  update (doneCount: number, state: string): void
  stop (): void
}

const LINE_EVERY_MS = 2_000

/** @param expectedCount how much there will be, as far as one knows; the bar grows with what there is */
export function showProgress (expectedCount: number): ProgressDisplay {
  if (!process.stderr.isTTY) {
    let shownAtMs = performance.now()
    return {
      update: (doneCount, state) => {
        if (performance.now() - shownAtMs < LINE_EVERY_MS) return
        shownAtMs = performance.now()
        console.error(`${doneCount.toLocaleString('en')} of about ${expectedCount.toLocaleString('en')} objects: ${state}`)
      },
      stop: () => {},
    }
  }
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage} % | {value} of about {total} objects | {state}', hideCursor: true, stream: process.stderr,
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
