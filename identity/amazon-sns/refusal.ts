/** A message is not accepted. The message of the error says why, as the end of a sentence, and holds nothing of it. */
export class SnsMessageRefusedError extends Error {
  override name = 'SnsMessageRefusedError'
}

/** Amazon SNS does not answer, so that nothing can be said of a message: it should be sent again. */
export class SnsUnavailableError extends Error {
  override name = 'SnsUnavailableError'
}
