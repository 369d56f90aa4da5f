const absenceCodes = new Set(['NotImplemented', 'MethodNotAllowed', 'NotSupported', 'XNotImplemented'])

/**
 * Whether an object storage answers with this code because it lacks such a bucket setting, or offers none through the S3 API.
 */
export function isAbsentSetting (code: string): boolean {
  return absenceCodes.has(code)
}
