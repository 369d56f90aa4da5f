import type { ComparedRange } from './compared-range.js'

/** How ranges are compared and divided. */
interface RangeWork {
  /** How many are compared at once, at most. */
  parallel: number
  /** Yields after each step. */
  compare: (range: ComparedRange) => AsyncGenerator<undefined, undefined>
  /** Finds a key to divide a range at; undefined if too little of it is left. */
  findSplitPoint: (range: ComparedRange) => Promise<string | undefined>
  /** Makes all work in progress end soon. */
  stop: () => void
}

/** A range's next step, or the result of the search for a key to divide it at. */
type Happening = { range: ComparedRange, kind: 'step', isDone: boolean } | { range: ComparedRange, kind: 'search', splitPoint: string | undefined }

interface Running {
  steps: AsyncGenerator<undefined, undefined>
  next: Promise<Happening>
  /** How many times this range, including what it was part of, was divided; undefined once dividing is no longer worth it. */
  divisions: number | undefined
}

/**
 * Compares ranges side by side. While there are fewer than may be compared at once, what is left of one is divided, so the
 * ranges need not have the same size: a worker that is done takes half of another's work. All of them wait while the caller
 * handles a step.
 *
 * @param open in the order of their keys; completed ranges are removed from it, and divided ones added
 * @returns an iterator that yields after each step; it yields the range if that is complete
 * @throws the error of the first range that fails, once the others have ended
 */
export async function * sideBySide (
  open: ComparedRange[], { parallel, compare, findSplitPoint, stop }: RangeWork,
): AsyncGenerator<ComparedRange | undefined, undefined> {
  const waiting = [...open]
  const running = new Map<ComparedRange, Running>()
  const searches = new Map<ComparedRange, Promise<Happening>>()

  const begin = (range: ComparedRange, divisions: number) => {
    const steps = compare(range)
    running.set(range, { steps, next: stepOf(range, steps), divisions })
  }
  const fill = () => {
    while (running.size < parallel) {
      const range = waiting.shift()
      if (range === undefined) break
      begin(range, 0)
    }
    while (running.size + searches.size < parallel) {
      const range = mostPromising(running, searches)
      if (range === undefined) break
      searches.set(range, handled(findSplitPoint(range).then((splitPoint) => ({ range, kind: 'search', splitPoint }))))
    }
  }
  const divide = (range: ComparedRange, splitPoint: string | undefined) => {
    const divided = running.get(range)
    if (divided === undefined) return
    const rest = splitPoint === undefined ? undefined : range.divide(splitPoint)
    divided.divisions = rest === undefined ? undefined : (divided.divisions ?? 0) + 1
    if (rest === undefined) return
    open.splice(open.indexOf(range) + 1, 0, rest)
    begin(rest, divided.divisions ?? 0)
  }

  try {
    for (fill(); running.size > 0; fill()) {
      const happened = await Promise.race([...Array.from(running.values(), ({ next }) => next), ...searches.values()])
      const { range } = happened
      if (happened.kind === 'search') {
        searches.delete(range)
        divide(range, happened.splitPoint)
        continue
      }
      if (happened.isDone) {
        running.delete(range)
        open.splice(open.indexOf(range), 1)
      }
      yield happened.isDone ? range : undefined
      const stepped = running.get(range)
      if (stepped !== undefined) stepped.next = stepOf(range, stepped.steps)
    }
  } finally {
    stop()
    await Promise.allSettled([...Array.from(running.values(), ({ steps }) => steps.return(undefined)), ...searches.values()])
  }
}

/** Of the ranges that can be divided and are not being divided, the one that was divided the fewest times. */
function mostPromising (
  running: ReadonlyMap<ComparedRange, Running>, searches: ReadonlyMap<ComparedRange, unknown>,
): ComparedRange | undefined {
  let found: ComparedRange | undefined
  let fewest = Infinity
  for (const [range, { divisions = Infinity }] of running) {
    if (divisions < fewest && !searches.has(range)) {
      found = range
      fewest = divisions
    }
  }
  return found
}

function stepOf (range: ComparedRange, steps: AsyncGenerator<undefined, undefined>): Promise<Happening> {
  return handled(steps.next().then(({ done }) => ({ range, kind: 'step', isDone: done === true })))
}

/** It may fail while something else is awaited. */
function handled (promise: Promise<Happening>): Promise<Happening> {
  promise.catch(() => {})
  return promise
}
