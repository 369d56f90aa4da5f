import type { ShareContent } from './pack-share.js'

/** A share link that was revoked before it ended. */
export interface RevokedShare {
  id: string
  /** In milliseconds since 1970. */
  expiresAtMs: number
}

/** The time since which an organisation's links are valid. */
export interface ShareEpoch {
  /** Empty for all organisations. */
  orgKey: string
  /** Links made at or before this time have ended; in microseconds since 1970 by the database's clock. */
  revokedBeforeMicros: number
}

/** The share links that this replica knows to be revoked. */
export class Revocations {
  #revoked = new Map<string, number>()
  readonly #epochs = new Map<string, number>()

  /** How many revoked links are remembered. */
  get size (): number {
    return this.#revoked.size
  }

  /** Whether a link was revoked, alone or with all others of its organisation. */
  isRevoked ({ id, orgKey, madeAtMicros }: Pick<ShareContent, 'id' | 'orgKey' | 'madeAtMicros'>): boolean {
    return this.#revoked.has(id) || madeAtMicros <= this.#epochOf(orgKey) || madeAtMicros <= this.#epochOf('')
  }

  /** Adds to what is known; nothing is removed. */
  add ({ revoked, epochs }: { revoked: readonly RevokedShare[], epochs: readonly ShareEpoch[] }): void {
    for (const { id, expiresAtMs } of revoked) this.#revoked.set(id, expiresAtMs)
    for (const { orgKey, revokedBeforeMicros } of epochs) {
      this.#epochs.set(orgKey, Math.max(revokedBeforeMicros, this.#epochOf(orgKey)))
    }
  }

  /** Forgets links that have expired. */
  forgetExpired (nowMs: number): void {
    this.#revoked = new Map([...this.#revoked].filter(([, expiresAtMs]) => expiresAtMs > nowMs))
  }

  #epochOf (orgKey: string): number {
    return this.#epochs.get(orgKey) ?? 0
  }
}
