import cliProgress from 'cli-progress'
import { shown } from './local-files.js'

/** What is shown about one file while it is transferred. */
interface FileDisplay {
  /** @param doneBytes of the file, including those of an earlier run */
  update: (doneBytes: number) => void
  /** Says that the file has another size than was expected. */
  resize: (sizeBytes: number) => void
  end: () => void
}

/** What people or logs see of transfers. Results go to standard output, everything else to standard error. */
export interface Display {
  /** Adds to what there is to do. */
  expect (fileCount: number, bytes: number): void
  /** Begins to show a file, which has been counted by `expect`. */
  begin (path: string, sizeBytes: number): FileDisplay
  result (line: string): void
  note (line: string): void
  stop (): void
}

const LINE_EVERY_MS = 2_000
const megabytes = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** Bars on a terminal, and a line every two seconds elsewhere. */
export function openDisplay (): Display {
  return process.stderr.isTTY ? new Bars() : new Lines()
}

/** The overall progress. */
class Sums {
  expectedFiles = 0
  expectedBytes = 0
  doneFiles = 0
  doneBytes = 0

  expect (fileCount: number, bytes: number): void {
    this.expectedFiles += fileCount
    this.expectedBytes += bytes
  }

  begin (sizeBytes: number, changed: (doneBytes: number, sizeBytes: number) => void): FileDisplay {
    let shownBytes = 0
    let expectedBytes = sizeBytes
    return {
      resize: (actualBytes) => {
        this.expectedBytes += actualBytes - expectedBytes
        expectedBytes = actualBytes
        changed(shownBytes, expectedBytes)
      },
      update: (doneBytes) => {
        this.doneBytes += doneBytes - shownBytes
        shownBytes = doneBytes
        changed(doneBytes, expectedBytes)
      },
      end: () => {
        this.doneFiles++
        changed(shownBytes, expectedBytes)
      },
    }
  }

  toString (): string {
    return `${this.doneFiles.toLocaleString('en')} of ${this.expectedFiles.toLocaleString('en')} files, ` +
      `${inMegabytes(this.doneBytes)} of ${inMegabytes(this.expectedBytes)} MB`
  }
}

class Lines implements Display {
  readonly #sums = new Sums()
  #shownAtMs = performance.now()

  expect (fileCount: number, bytes: number): void {
    this.#sums.expect(fileCount, bytes)
  }

  begin (_path: string, sizeBytes: number): FileDisplay {
    return this.#sums.begin(sizeBytes, () => {
      if (performance.now() - this.#shownAtMs < LINE_EVERY_MS) return
      this.#shownAtMs = performance.now()
      this.note(String(this.#sums))
    })
  }

  result (line: string): void {
    process.stdout.write(`${line}\n`)
  }

  note (line: string): void {
    process.stderr.write(`${line}\n`)
  }

  stop (): void {}
}

/** A bar for each file in progress, and one for all files. */
class Bars implements Display {
  readonly #sums = new Sums()
  readonly #bars = new cliProgress.MultiBar({
    format: '{bar} {percentage} % | {state}',
    barsize: 20,
    hideCursor: true,
    clearOnComplete: true,
    emptyOnZero: true,
    gracefulExit: false,
    stream: process.stderr,
  })

  readonly #all = this.#bars.create(0, 0, { state: '' })

  expect (fileCount: number, bytes: number): void {
    this.#sums.expect(fileCount, bytes)
    this.#showAll()
  }

  begin (path: string, sizeBytes: number): FileDisplay {
    const bar = this.#bars.create(sizeBytes, 0, { state: shown(path) })
    const file = this.#sums.begin(sizeBytes, (doneBytes, expectedBytes) => {
      bar.setTotal(expectedBytes)
      bar.update(doneBytes)
      this.#showAll()
    })
    const end = () => {
      file.end()
      this.#bars.remove(bar)
    }
    return { ...file, end }
  }

  result (line: string): void {
    if (process.stdout.isTTY) this.note(line)
    else process.stdout.write(`${line}\n`)
  }

  note (line: string): void {
    this.#bars.log(`${line}\n`)
  }

  stop (): void {
    // Lines that have not been shown yet would be lost.
    this.#bars.update()
    this.#bars.stop()
  }

  #showAll (): void {
    this.#all.setTotal(this.#sums.expectedBytes)
    this.#all.update(this.#sums.doneBytes, { state: String(this.#sums) })
  }
}

function inMegabytes (bytes: number): string {
  return megabytes.format(bytes / 1e6)
}
