import { parse } from 'content-disposition'
import { isFileName } from '../objects/object-key.js'
import { isStorable } from './target-path.js'

// Marks that reorder text, with which a name reads as another one, and separators of lines.
const misleading = /[\p{Bidi_Control}\p{Zl}\p{Zp}]/u

/**
 * The name that an archive is saved under: the one that its answer gives, if that is one which every common system can have,
 * which is not hidden, and which looks like what it is.
 *
 * @param disposition the answer's Content-Disposition
 */
export function archiveNameOf (disposition: string, format: 'zip' | 'tar'): string {
  const { filename = '' } = parse(disposition).parameters
  const isSafe = filename.endsWith(`.${format}`) && isFileName(filename) && isStorable(filename) && !/^[.\s]/.test(filename) &&
    !misleading.test(filename)
  return isSafe ? filename : `files.${format}`
}
