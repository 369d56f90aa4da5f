import { parseObjectKey } from '../../../objects/object-key.js'
import { spellings } from '../fuzz/documented-answers.js'
import type { Answer } from '../fuzz/target.js'

// Of signatures that the service makes for itself, only the form is known.
const SIGNATURE_FORM = /X-Amz-Signature|[0-9a-f]{64}/gi
const SIGNATURES = /X-Amz-Signature=([0-9a-f]{64})/g
const OBJECT_KEYS = /"objectKey":"((?:[^"\\]|\\.)*)"/g

/** Listens to what the service tells whom it trusts with no secret, and knows the secrets. */
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

  /** Remembers all of an answer that is an error; of any other, the secrets that it gives. */
  see ({ status, headers, body }: Answer): void {
    const answer = `${JSON.stringify(headers)}\n${body.toString()}`
    if (status >= 400) return this.hear(answer)
    for (const [, signature = ''] of answer.matchAll(SIGNATURES)) this.addSecret(signature)
    for (const [, key = ''] of answer.matchAll(OBJECT_KEYS)) this.addObjectKey(String(JSON.parse(`"${key}"`)))
  }

  addSecret (secret: string): void {
    if (secret !== '') this.#secrets.add(secret)
  }

  /** Adds a key and its token. Its file name may be a word of the log's own. */
  addObjectKey (objectKey: string): void {
    this.addSecret(objectKey)
    this.addSecret(parseObjectKey(objectKey)?.token ?? '')
  }

  /** Whether these words were heard or seen, as they are. */
  knows (words: string): boolean {
    return this.#told.some((part) => part.includes(words))
  }

  /** The secrets that were told, in whatever spelling, and what has the form of a signature. */
  leaks (): string[] {
    const told = this.#told.join('\n')
    const secrets = [...this.#secrets].filter((secret) => spellings(secret).some((spelling) => told.includes(spelling)))
    return [...secrets, ...told.match(SIGNATURE_FORM) ?? []]
  }
}
