import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Creates a folder for embedded data, which is removed with the test; its path is short enough for sockets in it. */
export async function makeFolder (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}
