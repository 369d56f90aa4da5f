/** A transfer failed; the message is for the person who started it, and contains no token, link or pre-signed URL. */
export class TransferError extends Error {
  override name = 'TransferError'
}

/** Every further transfer would fail in the same way, so none is begun. */
export class TransferStoppedError extends TransferError {
  override name = 'TransferStoppedError'
}
