import { parseObjectKey } from '../../../objects/object-key.js'
import { spellings } from '../fuzz/documented-answers.js'
import type { Answer } from '../fuzz/target.js'

// Of the signatures that the service makes for itself, only the format is known.
const SIGNATURE_FORM = /X-Amz-Signature|[0-9a-f]{64}/gi
const SIGNATURES = /X-Amz-Signature=([0-9a-f]{64})/g
const OBJECT_KEYS = /"objectKey":"((?:[^"\\]|\\.)*)"/g

/** Knows the secrets, and listens to everything that the service says where secrets must not appear. */
export class Watch {
  readonly #secrets = new Set<string>()
  readonly #told: string[] = []

  /** How many secrets are looked for. */
  get secretCount (): number {
    return this.#secrets.size
  }

  /** Remembers log lines, metrics and the like. */
  hear (...told: string[]): void {
    this.#told.push(...told)
  }

  /** Remembers all of an answer that is an error; of any other, the secrets that it contains. */
  see ({ status, headers, body }: Answer): void {
    const answer = `${JSON.stringify(headers)}\n${body.toString()}`
    if (status >= 400) return this.hear(answer)
    for (const [, signature = ''] of answer.matchAll(SIGNATURES)) this.addSecret(signature)
    for (const [, key = ''] of answer.matchAll(OBJECT_KEYS)) this.addObjectKey(String(JSON.parse(`"${key}"`)))
  }

  addSecret (secret: string): void {
    if (secret !== '') this.#secrets.add(secret)
  }

  /** Adds a key and its token, but not its file name, which may be an ordinary word in the log. */
  addObjectKey (objectKey: string): void {
    this.addSecret(objectKey)
    this.addSecret(parseObjectKey(objectKey)?.token ?? '')
  }

  /** Whether these exact words were heard or seen. */
  knows (words: string): boolean {
    return this.#told.some((part) => part.includes(words))
  }

  /** The secrets that were revealed, in whatever spelling, and anything that looks like a signature. */
  leaks (): string[] {
    const told = this.#told.join('\n')
    const secrets = [...this.#secrets].filter((secret) => spellings(secret).some((spelling) => told.includes(spelling)))
    return [...secrets, ...told.match(SIGNATURE_FORM) ?? []]
  }
}
