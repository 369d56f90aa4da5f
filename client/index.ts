export type { Client } from 'openapi-fetch'
export type { components, paths } from './schema.js'
export {
  type ClientOptions, type ErrorBody, type ErrorCode, type JsonPaths, type ObjectsClient, createClient,
} from './create-client.js'
export { type UploadErrorCode, UploadError } from './uploads/upload-error.js'
export { type ResumePoint, type UploadOptions, type UploadProgress, type UploadedFile } from './uploads/upload-options.js'
export { discardUpload } from './uploads/discard-upload.js'
export { uploadFile } from './uploads/upload-file.js'
