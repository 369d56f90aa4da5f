import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { describeCountedFiles } from '../../../../db/digests.js'
import { type CountedFile, listFiles } from '../../../../db/run-files.js'
import { readCountedFile } from '../../../../db/runs/describe-file.js'
import { listFolders } from '../../../../db/runs/folders.js'
import { capabilityJsonHeaders } from '../../../../downloads/headers.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { parseObjectKey, prefixOf } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError, ObjectNotFoundError } from '../../../../schemas/errors.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { CataloguedFileSchema, RunFilesQuerySchema, RunFilesSchema, type RunFile, runFileOf } from '../../../../schemas/run-files.js'
import { type Caller, mayList, onlyListedCreator } from '../../../../schemas/token-claims.js'

/** Whose files are listed. */
interface Scope {
  orgKey: string
  workflowId: string
  runId: string
  createdBy: string | undefined
}

interface Page {
  limit: number
  cursor: string | undefined
}

/** Parameters that only apply to lists by path and to a single file's description. */
const pathParameters: ReadonlySet<string> = new Set(['prefix', 'delimiter', 'sums', 'objectKey'])

/** Makes a file's list item; undefined if its key is malformed. */
type FileOf = (file: CountedFile) => RunFile | undefined

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service, app.config.S3_SECRET_KEY)

  app.get('', {
    config: { roles: ['member', 'service', 'admin'] },
    // Listing by key had no limit before limits were introduced, and still has none.
    onRequest: async (request, reply) => {
      if (Object.keys(request.query).some((name) => pathParameters.has(name))) await app.limits.lists.spend(request, reply)
    },
    schema: {
      operationId: 'listRunFiles',
      tags: ['Files'],
      summary: 'List a run\'s files, or describe one',
      description: 'The files of one run in the token\'s organisation that are counted in its usage, up to 100 at a time, each with its ' +
        'object key and download link. Anyone who has those can read the file, so members get only the files that they ' +
        'created; admins and services get all. An unknown run has no files. Media types are not included: links have them. ' +
        'With `prefix` and `delimiter` it lists one folder, as S3 lists a bucket. Each page shows one instant. With ' +
        '`objectKey` alone, it describes that file to those who may list it.',
      querystring: RunFilesQuerySchema,
      response: {
        200: Type.Union([reference(RunFilesSchema), reference(CataloguedFileSchema)], { description: 'A page of files, or one file.' }),
        ...errorResponses(400, 401, 'OBJECT_NOT_FOUND', 429, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async (request, reply) => {
    const fileOf: FileOf = (file) => runFileOf(file, (objectKey) => app.downloadUrl(request, objectKey))
    reply.headers(capabilityJsonHeaders)
    const { workflowId, runId, objectKey, prefix, delimiter, sums, limit = PAGE_MAX, cursor } = request.query
    if (objectKey !== undefined) {
      if (Object.keys(request.query).length > 1) throw new InvalidRequestError('querystring/objectKey must be the only parameter.')
      return await describeFile(request.user, objectKey, fileOf)
    }
    if (workflowId === undefined || runId === undefined) {
      throw new InvalidRequestError(`querystring must have required property '${workflowId === undefined ? 'workflowId' : 'runId'}'.`)
    }
    const scope = { orgKey: request.user.orgKey, workflowId, runId, createdBy: onlyListedCreator(request.user) }
    if (prefix === undefined && delimiter === undefined && sums === undefined) {
      return await listByKey(scope, { limit, cursor }, fileOf)
    }
    const listed = { prefix: prefix ?? '', hasFolders: delimiter !== undefined, hasSums: sums === true }
    return await listByPath(scope, listed, { limit, cursor }, fileOf)
  })

  const listByKey = async (scope: Scope, { limit, cursor }: Page, fileOf: FileOf) => {
    const prefix = prefixOf(scope)
    const after = positionAfter(cursors, prefix, cursor)
    const { files, hasMore } = await listFiles(app.database, prefix, { after, maxFiles: limit })
    const last = files.at(-1)
    return {
      files: await describeAll(files, fileOf),
      nextCursor: hasMore && last !== undefined ? cursors.seal(prefix, last.objectKey) : null,
    }
  }

  const listByPath = async (
    scope: Scope, listed: { prefix: string, hasFolders: boolean, hasSums: boolean }, { limit, cursor }: Page, fileOf: FileOf,
  ) => {
    await app.runs.requireCounted()
    const { orgKey, workflowId, runId, createdBy = null } = scope
    const cursorScope = JSON.stringify(['paths', orgKey, workflowId, runId, createdBy, listed.prefix, listed.hasFolders])
    const after = positionAfter(cursors, cursorScope, cursor)
    const { folders, files, end } = await listFolders(app.database, { ...scope, ...listed }, { after, limit })
    return {
      folders: folders.map(({ path, sums }) => ({ path, ...sums })),
      files: await describeAll(files, fileOf),
      nextCursor: end === undefined ? null : cursors.seal(cursorScope, end),
    }
  }

  const describeAll = async (files: readonly CountedFile[], fileOf: FileOf) => {
    const digests = await describeCountedFiles(app.database, files.map(({ objectKey }) => objectKey))
    return files.flatMap((file) => {
      const described = fileOf(file)
      return described === undefined ? [] : { ...described, ...digests.get(file.objectKey) }
    })
  }

  /** Callers must not learn whether a file that they may not list exists. */
  const describeFile = async (caller: Caller, objectKey: string, fileOf: FileOf) => {
    const parts = parseObjectKey(objectKey)
    if (parts === undefined || !mayList(caller, parts)) throw new ObjectNotFoundError()
    const file = await readCountedFile(app.database, objectKey)
    const [listed] = file === undefined ? [] : await describeAll([file], fileOf)
    if (listed === undefined) throw new ObjectNotFoundError()
    const { workflowId, runId } = parts
    return { ...listed, workflowId, runId, ...file?.entityTag === undefined ? {} : { entityTag: `"${file.entityTag}"` } }
  }
}

export default route
