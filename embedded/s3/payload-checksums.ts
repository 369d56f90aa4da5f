import {
  type ChecksumAlgorithm, type KeptChecksum, createChecksum, isChecksumHeader, readAlgorithm, readChecksum,
} from './checksum.js'
import { SIGNATURE_TRAILER } from './chunked-payload.js'
import { S3Error } from './s3-error.js'

/** The checksums of a payload: the one that came with it, in a header or a trailer, and the one that is to be kept. */
export class PayloadChecksums {
  readonly #trailerNames: readonly string[]
  readonly #inHeader: string | undefined
  readonly #stated: ChecksumAlgorithm | undefined
  readonly #kept: ChecksumAlgorithm | undefined
  readonly #checksums

  /**
   * @param kept the algorithm of the checksum to keep; where it is undefined, the one that came is kept
   * @throws {S3Error} InvalidRequest where several are to come, or not the one that is announced; NotImplemented for a
   *   checksum that the store does not know, and a trailer that is none
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
   * To be called once, when the payload has ended.
   *
   * @param trailers that came behind it, names in lower case
   * @returns the checksum to keep
   * @throws {S3Error} BadDigest; InvalidRequest where a trailer came that was not named before
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
