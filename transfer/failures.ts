/** Something that a transfer cannot do, in words for whoever started it. They contain no token, link or pre-signed URL. */
export class TransferError extends Error {
  override name = 'TransferError'
}

/** Every transfer would fail in the same way, so no more are begun. */
export class TransferStoppedError extends TransferError {
  override name = 'TransferStoppedError'
}
