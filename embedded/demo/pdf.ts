const PAGE = { width: 595, height: 842 }
const MARGIN = 64

/**
 * A PDF of one A4 page of text (ISO 32000-1), in a font that every reader has.
 *
 * @param title in Latin-1, as all the text
 * @param lines an empty one leaves a gap
 */
export function writePdf (title: string, lines: readonly string[]): Buffer {
  const content = [
    'BT',
    `/Title 20 Tf 1 0 0 1 ${MARGIN} ${PAGE.height - 90} Tm ${literal(title)} Tj`,
    `/Text 11 Tf 1 0 0 1 ${MARGIN} ${PAGE.height - 110} Tm 16 TL`,
    ...lines.map((line) => `T* ${literal(line)} Tj`),
    'ET',
  ].join('\n')
  return assemble([
    '<< /Type /Catalog /Pages 2 0 R /Lang (en) >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE.width} ${PAGE.height}] /Contents 4 0 R ` +
      '/Resources << /Font << /Title 5 0 R /Text 6 0 R >> >> >>',
    `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>',
    `<< /Title ${literal(title)} >>`,
  ])
}

/** A literal string (7.3.4.2): its three special characters are escaped. */
function literal (text: string): string {
  return `(${text.replace(/[\\()]/g, '\\$&')})`
}

/** The file's structure (7.5): header, numbered objects, the cross-reference table of their offsets, trailer. */
function assemble (objects: readonly string[]): Buffer {
  // The second line's bytes above 127 tell transfer programs that the file is binary (7.5.2).
  let file = '%PDF-1.4\n%\xe2\xe3\xcf\xd3\n'
  const offsets = objects.map((body, index) => {
    const offset = file.length
    file += `${index + 1} 0 obj\n${body}\nendobj\n`
    return offset
  })
  const tableOffset = file.length
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`
  file += offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${tableOffset}\n%%EOF\n`
  return Buffer.from(file, 'latin1')
}
