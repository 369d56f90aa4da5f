/*
 * Shows a PDF in a frame without rights: it has no origin, no network and nothing of the page but the bytes that it is sent.
 */
import './viewer.css'
// Without a worker of its own, which a frame without an origin may not start, pdf.js finds this one.
import 'pdfjs-dist/legacy/build/pdf.worker.mjs'
import { type PDFDocumentProxy, TextLayer, VerbosityLevel, getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { strings } from '../text/strings.js'

const ZOOM_STEP = 1.25
const ZOOM_MIN = 0.5
const ZOOM_MAX = 4
/** How far outside the window pages are drawn, in its heights. */
const AHEAD = '100%'

/** A page of a PDF: an empty sheet until it comes near the window, and again once it is far from it. */
class Sheet {
  readonly element = document.createElement('section')
  readonly #pdf: PDFDocumentProxy
  readonly #number: number
  /** What is drawn, or being drawn; replaced when the width changes. */
  #drawn = { width: 0 }

  constructor (pdf: PDFDocumentProxy, number: number, aspectRatio: number) {
    this.#pdf = pdf
    this.#number = number
    this.element.className = 'pdf-page'
    this.element.ariaLabel = strings.pdf.page(number, pdf.numPages)
    this.element.style.aspectRatio = String(aspectRatio)
  }

  clear (): void {
    this.#drawn = { width: 0 }
    this.element.replaceChildren()
  }

  /** Draws the page as wide as the sheet, unless it already is. */
  async draw (): Promise<void> {
    const width = this.element.clientWidth
    if (width === this.#drawn.width) return
    const drawing = this.#drawn = { width }
    const page = await this.#pdf.getPage(this.#number)
    const whole = page.getViewport({ scale: 1 })
    this.element.style.aspectRatio = String(whole.width / whole.height)
    const viewport = page.getViewport({ scale: width / whole.width })
    this.element.style.setProperty('--total-scale-factor', String(viewport.scale))
    const canvas = document.createElement('canvas')
    canvas.width = Math.floor(viewport.width * devicePixelRatio)
    canvas.height = Math.floor(viewport.height * devicePixelRatio)
    canvas.ariaHidden = 'true'
    const text = document.createElement('div')
    text.className = 'textLayer'
    await page.render({ canvas, viewport, transform: [devicePixelRatio, 0, 0, devicePixelRatio, 0, 0] }).promise
    await new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport }).render()
    if (this.#drawn === drawing) this.element.replaceChildren(canvas, text)
  }
}

/** Shows each page as it comes near the window. */
async function showPdf (data: ArrayBuffer): Promise<void> {
  const pdf = await getDocument({
    data, useWasm: false, useWorkerFetch: false, enableXfa: false, verbosity: VerbosityLevel.ERRORS,
  }).promise
  const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 })
  const pages = document.createElement('main')
  pages.className = 'pages'
  pages.tabIndex = 0
  pages.ariaLabel = strings.pdf.pages(pdf.numPages)
  const sheets = new Map(Array.from({ length: pdf.numPages }, (_, index) => {
    const sheet = new Sheet(pdf, index + 1, width / height)
    return [sheet.element, sheet] as const
  }))
  pages.append(...sheets.keys())
  const near = new Set<Sheet>()
  const drawNear = () => { for (const sheet of near) sheet.draw() }
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const sheet = target instanceof HTMLElement ? sheets.get(target) : undefined
      if (sheet === undefined) continue
      if (isIntersecting) near.add(sheet)
      else if (near.delete(sheet)) sheet.clear()
    }
    drawNear()
  }, { root: pages, rootMargin: AHEAD })
  document.body.replaceChildren(toolsOf(pages, drawNear), pages)
  for (const element of sheets.keys()) watch.observe(element)
  new ResizeObserver(drawNear).observe(pages)
}

function toolsOf (pages: HTMLElement, onZoom: () => void): HTMLElement {
  let zoom = 1
  const buttonOf = (name: string, sign: string, factor: number) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = sign
    button.ariaLabel = name
    button.addEventListener('click', () => {
      zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom * factor))
      pages.style.setProperty('--zoom', String(zoom))
      onZoom()
    })
    return button
  }
  const tools = document.createElement('header')
  tools.className = 'tools'
  tools.append(
    buttonOf(strings.pdf.smaller, '−', 1 / ZOOM_STEP), buttonOf(strings.pdf.larger, '+', ZOOM_STEP), pages.ariaLabel ?? '',
  )
  return tools
}

function tell (text: string): void {
  const told = document.createElement('p')
  told.className = 'told'
  told.textContent = text
  document.body.replaceChildren(told)
}

tell(strings.loading)
addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
  if (source !== parent || !(data instanceof ArrayBuffer)) return
  showPdf(data).catch(() => { tell(strings.file.notShown) })
}, { once: true })
