/** The object storage does not answer, or says that it currently cannot: the same request may succeed later. */
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

  /** @param storeCode the store's own error code, such as `InvalidAccessKeyId`, or the status if it gave none */
  constructor (readonly storeCode: string) {
    super(`Object storage refuses this service: ${storeCode}.`)
  }
}

/** No credentials for the object storage could be obtained when the service started. */
export class CredentialsUnavailable extends Error {
  override name = 'CredentialsUnavailable'

  /**
   * @param timeoutMs how long the service waited for them
   * @param tried where they were looked for, and with what result
   */
  constructor (readonly timeoutMs: number, tried = '') {
    super(`S3_ACCESS_KEY is not set, and nothing else gave credentials for the object storage in ${timeoutMs / 1000} s${tried}.`)
  }
}
