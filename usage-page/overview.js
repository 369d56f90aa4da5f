/** @import { StorageUsage } from '../schemas/storage-usage.js' */
import { element, make, write } from './elements.js'
import { durationInWords, exactSize, fileCountInWords, humanSize, localTime, share } from './figures.js'
import { latenessOf } from './lateness.js'

/**
 * Shows the totals, inputs against outputs, and how fresh the figures are.
 *
 * @param {StorageUsage} usage
 */
export function showOverview (usage) {
  const { totalBytes, inputBytes, outputBytes, fileCount, asOf, reconciledAt, unfinishedBytes } = usage
  write('total-size', humanSize(totalBytes))
  write('total-bytes', exactSize(totalBytes))
  write('total-files', fileCountInWords(fileCount))
  for (const { name, bytes } of [{ name: 'input', bytes: inputBytes }, { name: 'output', bytes: outputBytes }]) {
    write(`${name}-size`, humanSize(bytes))
    write(`${name}-share`, share(bytes, totalBytes))
    write(`${name}-bytes`, exactSize(bytes))
    const bar = element(`${name}-bar`, HTMLElement)
    bar.hidden = bytes === 0
    bar.style.flexGrow = String(totalBytes === 0 ? 0 : bytes / totalBytes)
  }
  const latenessMs = latenessOf(usage)
  element('freshness', HTMLElement).replaceChildren(
    ...asOf === null ? ['No file was ever counted.'] : ['Counts every event up to ', time(asOf), '.'],
    ...latenessMs === undefined ? [] : [' ', make('strong', 'late', lateness(latenessMs))],
    ...reconciledAt === null ? [' Not yet compared with the bucket.'] : [' Compared with the bucket on ', time(reconciledAt), '.'],
    ...unfinishedBytes === null || unfinishedBytes === 0 ? [] : [` Unfinished uploads hold another ${humanSize(unfinishedBytes)}.`],
  )
}

/**
 * @param {number} latenessMs
 * @returns {string}
 */
function lateness (latenessMs) {
  return `The newest event took ${durationInWords(latenessMs)} to arrive: newer changes may not be counted yet.`
}

/**
 * @param {string} at ISO 8601
 * @returns {HTMLTimeElement}
 */
function time (at) {
  const made = make('time', '', localTime(at))
  made.dateTime = at
  made.title = at
  return made
}
