/** The object storage does not answer, or says that it cannot now: the same request may succeed later. */
export class ObjectStorageUnavailable extends Error {
  override name = 'ObjectStorageUnavailable'
  readonly retryAfterSeconds: number

  /** @param reason what happened, without object keys, signatures or credentials */
  constructor (reason: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(reason, options)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The object storage answers, but refuses this service: its credentials, clock, bucket or permissions are wrong. */
export class ObjectStorageRefused extends Error {
  override name = 'ObjectStorageRefused'

  /** @param storeCode the store's own error code, such as `InvalidAccessKeyId`, or the status where it gave none */
  constructor (readonly storeCode: string) {
    super(`Object storage refuses this service: ${storeCode}.`)
  }
}
