/** A message is not accepted. The error says why, as the end of a sentence, and contains nothing of the message. */
export class SnsMessageRefusedError extends Error {
  override name = 'SnsMessageRefusedError'
}

/** Amazon SNS does not answer, so a message can be neither accepted nor refused: it should be sent again. */
export class SnsUnavailableError extends Error {
  override name = 'SnsUnavailableError'
}
