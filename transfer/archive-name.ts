import { parse } from 'content-disposition'
import { isFileName } from '../objects/object-key.js'
import { isStorable } from './target-path.js'

// Line separators, and marks that reorder text, with which a name reads as another one.
const misleading = /[\p{Bidi_Control}\p{Zl}\p{Zp}]/u

/**
 * The name under which an archive is saved: the one in the answer, if every common system can store it, it is not hidden, and
 * it does not mislead.
 *
 * @param disposition the answer's Content-Disposition
 */
export function archiveNameOf (disposition: string, format: 'zip' | 'tar'): string {
  const { filename = '' } = parse(disposition).parameters
  const isSafe = filename.endsWith(`.${format}`) && isFileName(filename) && isStorable(filename) && !/^[.\s]/.test(filename) &&
    !misleading.test(filename)
  return isSafe ? filename : `files.${format}`
}
