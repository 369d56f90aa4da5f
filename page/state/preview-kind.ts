/** How a file is shown beside the list. */
export type PreviewKind = 'text' | 'table' | 'json' | 'image' | 'audio' | 'video' | 'pdf' | 'document' | 'none'

const text = /^(?:text\/|application\/(?:javascript|sql|toml|x-yaml|yaml|x-sh|xml|x-ndjson|jsonl)\b)/
const raster = /^image\/(?:png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon|apng)\b/

/** Decides by the media type that the file is stored with, or by its name if the type says nothing. */
export function previewKind (contentType: string, fileName: string): PreviewKind {
  const essence = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const extension = extensionOf(fileName)
  if (essence === 'text/csv' || essence === 'text/tab-separated-values') return 'table'
  if (essence === 'application/json' || essence.endsWith('+json')) return 'json'
  if (essence === 'application/pdf') return 'pdf'
  if (essence === 'text/html' || essence === 'image/svg+xml' || essence === 'application/xhtml+xml') return 'document'
  if (raster.test(essence)) return 'image'
  if (essence.startsWith('audio/')) return 'audio'
  if (essence.startsWith('video/')) return 'video'
  if (text.test(essence)) return 'text'
  if (essence !== 'application/octet-stream' && essence !== '') return 'none'
  if (['csv', 'tsv'].includes(extension)) return 'table'
  if (extension === 'json') return 'json'
  return ['txt', 'log', 'md', 'yaml', 'yml', 'toml', 'ini', 'sql', 'py', 'r', 'sh', 'ndjson', 'jsonl', 'xml'].includes(extension) ? 'text' : 'none'
}

/** The part of a name after its last dot, in lower case; empty without one. */
export function extensionOf (fileName: string): string {
  return /[^.]\.([^.]{1,12})$/.exec(fileName)?.[1]?.toLowerCase() ?? ''
}
