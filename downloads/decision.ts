import { type InlineActiveContent, inlineSafety } from './inline-content.js'

/** How a file is sent: `attachment` saves it, `inline` shows it. */
export type Disposition = 'attachment' | 'inline'

/** How downloads are answered: the setting DOWNLOAD_MODE. */
export type DownloadMode = 'redirect' | 'stream'

/** What a client asks for: the file, or JSON that says where it is. */
export type Wanted = 'file' | 'json'

/** How one download is answered, and with which disposition. */
export interface DownloadDecision {
  /** `json` and `redirect` give a pre-signed URL, `stream` the bytes. */
  kind: 'json' | 'redirect' | 'stream'
  disposition: Disposition
}

const decisions = {
  json: { attachment: { kind: 'json', disposition: 'attachment' }, inline: { kind: 'json', disposition: 'inline' } },
  redirect: { attachment: { kind: 'redirect', disposition: 'attachment' }, inline: { kind: 'redirect', disposition: 'inline' } },
  stream: { attachment: { kind: 'stream', disposition: 'attachment' }, inline: { kind: 'stream', disposition: 'inline' } },
} as const satisfies Record<string, Record<Disposition, DownloadDecision>>

/** Decides how downloads are answered, according to the settings. */
export class DownloadPolicy {
  readonly #mode
  readonly #inlineActiveContent

  constructor (mode: DownloadMode, inlineActiveContent: InlineActiveContent) {
    this.#mode = mode
    this.#inlineActiveContent = inlineActiveContent
  }

  /** Whether the answer is the bytes whatever the file is, so that it need not be looked up before it is opened. */
  streamsAnyFile (wanted: Wanted): boolean {
    return this.#mode === 'stream' && wanted === 'file'
  }

  /**
   * How a file of the stored type is answered. Active content is shown inline only by the service itself, in a sandbox: behind
   * a pre-signed URL the store's headers would apply.
   */
  decide (wanted: Wanted, asked: Disposition, storedType: string | undefined): DownloadDecision {
    const isActiveInline = asked === 'inline' && inlineSafety(storedType) === 'active'
    if (wanted === 'json') return decisions.json[isActiveInline ? 'attachment' : asked]
    if (isActiveInline) return this.#inlineActiveContent === 'attachment' ? decisions[this.#mode].attachment : decisions.stream.inline
    return decisions[this.#mode][asked]
  }
}
