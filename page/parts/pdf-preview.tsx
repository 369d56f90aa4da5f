import { useEffect, useRef, useState } from 'preact/hooks'
import { readWhole } from '../state/read-beginning.js'
import { base } from '../state/router.js'
import { humanSize } from '../text/figures.js'
import { strings } from '../text/strings.js'

/** Bigger ones are opened in a tab, where browsers read only what they show. */
const MOST_BYTES = 64 * 1024 ** 2

/** A PDF, drawn in a frame that may only run the viewer's script, to which the bytes are sent. */
export function PdfPreview ({ objectKey, title }: { objectKey: string, title: string }) {
  const frame = useRef<HTMLIFrameElement>(null)
  const [isReady, setIsReady] = useState(false)
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    if (!isReady) return
    const leaving = new AbortController()
    readWhole(objectKey, MOST_BYTES, leaving.signal).then((bytes) => {
      if (bytes === undefined) setFailure(strings.pdf.tooBig(humanSize(MOST_BYTES)))
      // The frame has no origin to name.
      else frame.current?.contentWindow?.postMessage(bytes, '*', [bytes])
    }).catch(() => { if (!leaving.signal.aborted) setFailure(strings.file.notShown) })
    return () => { leaving.abort() }
  }, [objectKey, isReady])
  if (failure !== undefined) return <p class='preview-none'>{failure}</p>
  return (
    <iframe
      ref={frame} class='preview-frame' src={new URL('app/pdf-viewer', base).href} title={title} sandbox='allow-scripts'
      referrerpolicy='no-referrer' onLoad={() => { setIsReady(true) }}
    />
  )
}
