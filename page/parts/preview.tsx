import { previewKind } from '../state/preview-kind.js'
import { inlineAddress } from '../state/read-beginning.js'
import { strings } from '../text/strings.js'
import { PdfPreview } from './pdf-preview.js'
import { TextPreview } from './text-preview.js'

interface PreviewProps {
  objectKey: string
  fileName: string
  /** The type that the file is stored with. */
  contentType: string
}

/**
 * Shows a file as safely as an inline download does: text, rows and JSON as text, pictures and sounds as such, and documents in
 * a frame without any rights, whose answer has a sandbox of its own. A PDF is drawn by a script in such a frame.
 */
export function Preview ({ objectKey, fileName, contentType }: PreviewProps) {
  const kind = previewKind(contentType, fileName)
  const address = inlineAddress(objectKey)
  const title = strings.file.preview(fileName)
  switch (kind) {
    case 'none': return <p class='preview-none'>{strings.file.noPreview}</p>
    case 'image': return <div class='preview'><img src={address} alt={title} referrerpolicy='no-referrer' /></div>
    case 'audio': return <div class='preview'><audio src={address} controls preload='metadata' aria-label={title} /></div>
    case 'video': return <div class='preview'><video src={address} controls preload='metadata' aria-label={title} /></div>
    case 'pdf': return <PdfPreview key={objectKey} objectKey={objectKey} title={title} />
    case 'document': return <iframe class='preview-frame' src={address} title={title} sandbox='' referrerpolicy='no-referrer' />
    default: return <TextPreview key={objectKey} objectKey={objectKey} title={title} kind={kind} />
  }
}
