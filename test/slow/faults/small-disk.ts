import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { errorCode } from '../../../errors/error-code.js'

/** A file system of a test's own, to fill. */
export interface SmallDisk {
  directory: string
  /** Takes all room that is left. */
  fill: () => void
  /** Gives back what was taken. */
  free: () => Promise<void>
}

const FILLER_BYTES = [1024 ** 2, 4096]

/** Mounts a small file system, in memory, until the end of the test; undefined where that is not allowed: it is for root. */
export async function mountSmallDisk (t: Pick<Test, 'teardown'>, sizeMebibytes: number): Promise<SmallDisk | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-disk-'))
  t.teardown(() => rmdir(directory))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMebibytes}m`, 'tmpfs', directory])
  if (status !== 0) return undefined
  // Also where something is still open in it.
  t.teardown(() => { spawnSync('umount', ['--lazy', directory]) })
  const filler = join(directory, 'filler')
  return {
    directory,
    fill: () => {
      for (const sizeBytes of FILLER_BYTES) appendUntilFull(filler, Buffer.alloc(sizeBytes))
    },
    free: () => rm(filler),
  }
}

function appendUntilFull (path: string, bytes: Buffer): void {
  for (;;) {
    try {
      appendFileSync(path, bytes)
    } catch (error) {
      if (errorCode(error) === 'ENOSPC') return
      throw error
    }
  }
}
