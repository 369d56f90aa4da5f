import { encodeComponent } from '../http/percent-encoding.js'

/** An object key of the documented form, for examples. */
export const EXAMPLE_OBJECT_KEY = 'demo/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3/users/5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b/outputs/q83vEjRWeJCrze8SNFZ4kA/report.pdf'

/** The link that downloads the example. */
export const EXAMPLE_DOWNLOAD_URL = `https://files.example.com/api/v1/objects/download?objectKey=${encodeComponent(EXAMPLE_OBJECT_KEY)}`

/** A pre-signed URL of the example, without the parameters that make it longer. */
export const examplePresignedUrl = (expiresInSeconds: number) =>
  `https://storage.example.com/objects/${EXAMPLE_OBJECT_KEY}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260131T120000Z&X-Amz-Expires=${expiresInSeconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=${'7c2f9e01'.repeat(8)}`
