import { useEffect, useState } from 'preact/hooks'
import { PREVIEW_BYTES, readBeginning } from '../state/read-beginning.js'
import { parseCsv } from '../text/csv.js'
import { strings } from '../text/strings.js'
import { Skeleton } from './message.js'

const MOST_ROWS = 200

interface TextPreviewProps {
  objectKey: string
  title: string
  kind: 'text' | 'table' | 'json'
}

/** The beginning of a text: as it is, as a table, or as indented JSON. */
export function TextPreview ({ objectKey, title, kind }: TextPreviewProps) {
  const [read, setRead] = useState<{ text: string, isWhole: boolean } | 'failed'>()
  useEffect(() => {
    const leaving = new AbortController()
    readBeginning(objectKey, leaving.signal).then(setRead, () => { if (!leaving.signal.aborted) setRead('failed') })
    return () => { leaving.abort() }
  }, [objectKey])
  if (read === undefined) return <Skeleton rows={6} />
  if (read === 'failed') return <p class='preview-none'>{strings.file.notShown}</p>
  const { text, isWhole } = read
  return (
    <>
      {kind === 'table'
        ? <Rows rows={parseCsv(text, MOST_ROWS)} title={title} />
        : (
          <pre class='preview-text' tabIndex={0} role='region' aria-label={title}>
            {kind === 'json' && isWhole ? setApart(text) : text}
          </pre>
          )}
      {!isWhole && <p class='hint'>{strings.file.tooMuch(PREVIEW_BYTES)}</p>}
    </>
  )
}

function Rows ({ rows: [head = [], ...rows], title }: { rows: string[][], title: string }) {
  return (
    <>
      <div class='preview-table' tabIndex={0} role='region' aria-label={title}>
        <table>
          <thead><tr>{head.map((cell, column) => <th key={column} scope='col'>{cell}</th>)}</tr></thead>
          <tbody>
            {rows.map((row, index) => <tr key={index}>{row.map((cell, column) => <td key={column}>{cell}</td>)}</tr>)}
          </tbody>
        </table>
      </div>
      {rows.length === MOST_ROWS - 1 && <p class='hint'>{strings.file.rows(rows.length)}</p>}
    </>
  )
}

/** Indents JSON; text that is not JSON stays as it is. */
function setApart (text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
