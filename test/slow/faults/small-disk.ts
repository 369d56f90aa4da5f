import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { errorCode } from '../../../errors/error-code.js'

/** A file system of the test's own, which it can fill. */
export interface SmallDisk {
  directory: string
  /** Takes up all remaining room. */
  fill: () => void
  /** Releases what was taken up. */
  free: () => Promise<void>
}

const FILLER_BYTES = [1024 ** 2, 4096]

/** Mounts a small in-memory file system until the end of the test; undefined if not allowed, since only root may. */
export async function mountSmallDisk (t: Pick<Test, 'teardown'>, sizeMebibytes: number): Promise<SmallDisk | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-disk-'))
  t.teardown(() => rmdir(directory))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMebibytes}m`, 'tmpfs', directory])
  if (status !== 0) return undefined
  // Even if something in it is still open.
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
