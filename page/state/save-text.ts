/** Saves text as a file on the reader's machine. */
export function saveText (fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  // Some browsers begin to read it only after this returns.
  setTimeout(() => { URL.revokeObjectURL(url) }, 60_000)
}
