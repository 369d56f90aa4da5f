import type { RunFile } from './answers.js'
import { type Service, ServiceError } from './service.js'

const PARALLEL = 4

/** The result of deleting files. */
export interface DeletionResult {
  deletedCount: number
  failed: Array<{ file: RunFile, message: string }>
}

/** Deletes files, a few at a time. One that is gone already counts as deleted. */
export async function deleteFiles (
  service: Service, files: readonly RunFile[], onProgress: (deletedCount: number) => void,
): Promise<DeletionResult> {
  const result: DeletionResult = { deletedCount: 0, failed: [] }
  const queue = [...files]
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { objectKey } = file
      try {
        await service.ask((client, signal) => client.DELETE('/api/v1/objects', { params: { query: { objectKey } }, signal }))
        onProgress(++result.deletedCount)
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        if (error.code === 'OBJECT_NOT_FOUND') onProgress(++result.deletedCount)
        else result.failed.push({ file, message: error.message })
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return result
}
