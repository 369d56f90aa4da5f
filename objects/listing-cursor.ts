import type { SealingSecrets } from '../sealing/rotating-secrets.js'
import { createSealer } from '../sealing/sealed-text.js'
import { openFirstCursor } from './first-listing-cursor.js'

/** Where a listing continues, for a client to send back. */
export interface ListingCursors {
  /**
   * @param scope what is listed; the cursor is invalid for anything else
   * @param position of the last listed item, such as its object key; at most 1,400 bytes
   */
  seal: (scope: string, position: string) => string
  /** The position in a cursor; undefined if it is not one that `seal` made for the same scope. */
  open: (scope: string, cursor: string) => string | undefined
}

/**
 * Creates cursors that reveal nothing and cannot be forged: they appear in URLs, and an object key is a secret.
 *
 * @param firstSecret what version 0.1 sealed cursors with; its cursors are accepted until 0.3
 */
export function createListingCursors (secrets: SealingSecrets, firstSecret?: string): ListingCursors {
  const { seal, open } = createSealer(secrets, 'listing cursor')
  return {
    seal: (scope, position) => seal(scope, Buffer.from(position)),
    open: (scope, cursor) => open(scope, cursor)?.toString() ??
      (firstSecret === undefined ? undefined : openFirstCursor(firstSecret, scope, cursor)),
  }
}
