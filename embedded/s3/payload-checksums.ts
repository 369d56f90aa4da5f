import {
  type ChecksumAlgorithm, type KeptChecksum, createChecksum, isChecksumHeader, readAlgorithm, readChecksum,
} from './checksum.js'
import { SIGNATURE_TRAILER } from './chunked-payload.js'
import { S3Error } from './s3-error.js'

/** The checksums of a payload: the one that came with it, in a header or a trailer, and the one to be stored. */
export class PayloadChecksums {
  readonly #trailerNames: readonly string[]
  readonly #inHeader: string | undefined
  readonly #stated: ChecksumAlgorithm | undefined
  readonly #kept: ChecksumAlgorithm | undefined
  readonly #checksums

  /**
   * @param kept the algorithm of the checksum to store; if undefined, the one that came is stored
   * @throws {S3Error} InvalidRequest if several are announced, or another than the announced one is sent; NotImplemented for a
   *   checksum that the store does not know, and for a trailer that is not a checksum
   */
  constructor (headers: ReadonlyMap<string, string>, kept: ChecksumAlgorithm | undefined) {
    const inHeader = readChecksum(headers)
    this.#inHeader = inHeader?.value
    this.#trailerNames = readTrailerNames(headers)
    const inTrailers = this.#trailerNames.map(readAlgorithm)
    const [stated, ...others] = inHeader === undefined ? inTrailers : [inHeader.algorithm, ...inTrailers]
    const announced = headers.get('x-amz-sdk-checksum-algorithm')
    if (others.length > 0 || (announced !== undefined && readAlgorithm(announced) !== stated)) {
      throw new S3Error('InvalidRequest', 'Expecting one checksum, by the algorithm of x-amz-sdk-checksum-algorithm where that is given.')
    }
    this.#stated = stated
    this.#kept = kept ?? stated
    const algorithms = new Set([this.#stated, this.#kept].filter((algorithm) => algorithm !== undefined))
    this.#checksums = Array.from(algorithms, (algorithm) => ({ algorithm, checksum: createChecksum(algorithm) }))
  }

  update (chunk: Buffer): void {
    for (const { checksum } of this.#checksums) checksum.update(chunk)
  }

  /**
   * Must be called once, when the payload has ended.
   *
   * @param trailers sent after it, with names in lower case
   * @returns the checksum to store
   * @throws {S3Error} BadDigest; InvalidRequest if a trailer was sent that was not announced
   */
  verify (trailers: ReadonlyMap<string, string>): KeptChecksum | undefined {
    const further = [...trailers.keys()].some((name) => name !== SIGNATURE_TRAILER && !this.#trailerNames.includes(name))
    if (further) throw new S3Error('InvalidRequest', 'There is a trailer that x-amz-trailer does not name.')
    const stated = this.#inHeader ?? trailers.get(this.#trailerNames[0] ?? '')
    const computed = this.#checksums.map(({ algorithm, checksum }) => ({ algorithm, value: checksum.digest().toString('base64') }))
    if (computed.some(({ algorithm, value }) => algorithm === this.#stated && value !== stated)) throw new S3Error('BadDigest')
    const kept = computed.find(({ algorithm }) => algorithm === this.#kept)
    return kept === undefined ? undefined : { ...kept, type: 'FULL_OBJECT' }
  }
}

function readTrailerNames (headers: ReadonlyMap<string, string>): string[] {
  const names = headers.get('x-amz-trailer')?.toLowerCase().split(',').map((name) => name.trim()) ?? []
  if (!names.every(isChecksumHeader)) throw new S3Error('NotImplemented')
  return names
}
