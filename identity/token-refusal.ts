/** A token is not accepted. The message says why, as the end of a sentence, and contains nothing of the token. */
export class TokenRefusedError extends Error {
  override name = 'TokenRefusedError'
}
