import fastifyPlugin from 'fastify-plugin'
import { sizeOfPart } from '../objects/part-layout.js'
import { UploadNotFoundError } from '../schemas/errors.js'
import { urlLifeFromNow } from '../store/credentials.js'
import { type OpenUpload, type UploadIds, createUploadIds } from '../uploads/upload-id.js'

/** URLs of parts, and when they expire. */
interface PartUrls {
  parts: Array<{ partNumber: number, sizeBytes: number, url: string }>
  expiresAt: Date
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What the operations on uploads in parts share. */
    multipartUploads: {
      seal: UploadIds['seal']
      /**
       * The upload that an id stands for.
       *
       * @throws {UploadNotFoundError} if the caller was never given such an id
       */
      open: (user: FastifyRequest['user'], uploadId: string) => OpenUpload
      /**
       * Signs URLs of parts, each for exactly the bytes of its part.
       *
       * @throws {InvalidRequestError} if the address that the client used is needed, and the Host header does not name a host
       */
      signParts: (request: FastifyRequest, upload: OpenUpload, partNumbers: readonly number[]) => PartUrls
    }
  }
}

/** Decorates the instance with what the operations on uploads in parts share. */
export default fastifyPlugin(async (app) => {
  const { UPLOAD_URL_TTL } = app.config
  const ids = createUploadIds(app.secrets.service)
  app.decorate('multipartUploads', {
    seal: ids.seal,
    open: (user, uploadId) => {
      const upload = ids.open(user, uploadId)
      if (upload === undefined) throw new UploadNotFoundError()
      return upload
    },
    signParts: (request, upload, partNumbers) => {
      const { signedAt, expiresInSeconds, expiresAt } = urlLifeFromNow(app.uploadTarget.credentials.current, UPLOAD_URL_TTL)
      const parts = partNumbers.map((partNumber) => {
        const sizeBytes = sizeOfPart(upload, partNumber)
        const url = app.reachableUrl(request, app.presignUpload({
          method: 'PUT',
          objectKey: upload.objectKey,
          signedAt,
          expiresInSeconds,
          query: { partNumber: String(partNumber), uploadId: upload.storeUploadId },
          headers: { 'content-length': String(sizeBytes) },
        }))
        return { partNumber, sizeBytes, url }
      })
      return { parts, expiresAt }
    },
  })
}, { name: 'multipart-uploads', dependencies: ['config', 'secrets', 'store-target', 'object-storage', 'downloads'] })
